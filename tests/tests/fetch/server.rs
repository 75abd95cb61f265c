//! A web server that does as it is told, badly too.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// GET, or CONNECT of a proxy.
    pub method: String,
    pub path: String,
    /// Where the part begins that is wanted.
    pub from: Option<usize>,
    pub if_range: Option<String>,
}

type Handler = dyn Fn(&Asked, &mut TcpStream) -> io::Result<()> + Send + Sync;

/// Ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers each request by `handler`, which writes what it likes; then the connection is closed.
    pub fn start(
        handler: impl Fn(&Asked, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (asked, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen, ended) = (asked.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, seen) = (handler.clone(), seen.clone());
                let Ok(stream) = stream else { continue };
                // Each on its own: one that says nothing keeps no other waiting.
                std::thread::spawn(move || serve(stream, &*handler, &seen));
            }
        });
        Server { address, asked, over, thread: Some(thread) }
    }

    /// Gives these bytes, and parts of them, as a good server does.
    pub fn of(bytes: &[u8]) -> Server {
        let bytes = bytes.to_vec();
        Server::start(move |asked, stream| give(asked, stream, &bytes, "\"good\""))
    }

    /// `http://HOST:PORT/PATH`
    pub fn at(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// All that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no handler panics").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The whole, or the part that is asked for, with its size and its name.
pub fn give(asked: &Asked, stream: &mut TcpStream, bytes: &[u8], tag: &str) -> io::Result<()> {
    let same = asked.if_range.as_ref().is_none_or(|wanted| wanted == tag);
    let from = asked.from.filter(|_| same).unwrap_or(0);
    head(stream, from, bytes.len(), tag)?;
    stream.write_all(&bytes[from..])
}

/// A head that promises all from there on.
pub fn head(stream: &mut TcpStream, from: usize, of: usize, tag: &str) -> io::Result<()> {
    let (status, range) = match from {
        0 => ("200 OK", String::new()),
        _ => ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{of}\r\n", of - 1)),
    };
    let length = of - from;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: {tag}\r\n{range}\r\n")
}

/// An answer without contents.
pub fn only(stream: &mut TcpStream, status: &str, headers: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n")
}

/// Says nothing more until the other side goes.
pub fn be_silent(stream: &mut TcpStream) -> io::Result<()> {
    let mut byte = [0];
    stream.read(&mut byte).map(|_| ())
}

/// Reads a request.
pub fn read_request(stream: &TcpStream) -> io::Result<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    let mut words = first.split(' ').map(str::to_owned);
    let mut asked = Asked {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        from: None,
        if_range: None,
    };
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
        match name.to_lowercase().as_str() {
            "range" => {
                let from = value.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
                asked.from = from.and_then(|from| from.parse().ok());
            }
            "if-range" => asked.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(asked)
}

fn serve(mut stream: TcpStream, handler: &Handler, seen: &Mutex<Vec<Asked>>) {
    let Ok(asked) = read_request(&stream) else { return };
    seen.lock().expect("no handler panics").push(asked.clone());
    // The client may go at any time.
    let _ = handler(&asked, &mut stream);
    let _ = stream.flush();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    // What the client still sends is read, so that what was sent is not lost by a reset.
    let _ = io::copy(&mut stream, &mut io::sink());
}
