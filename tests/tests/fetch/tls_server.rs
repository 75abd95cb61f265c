//! Encryption before a server, with certificates of an authority made for the test.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Issues certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Takes encrypted connections, and hands what comes on to a server. Ends when it is dropped.
pub struct TlsServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Authority {
    /// Authorities are told apart by their names before their keys count.
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Writes its own certificate into a file, as a network's people hand it out.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("a file");
    }

    /// A server of that name before `behind`, `HOST:PORT`, with a certificate valid until the beginning of that year.
    pub fn serve(&self, name: &str, until: i32, behind: &str) -> TlsServer {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let chain = vec![certificate.der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(chain, key.into())
                .expect("the key is the certificate's");
        TlsServer::start(Arc::new(config), behind.to_owned())
    }
}

impl TlsServer {
    fn start(config: Arc<ServerConfig>, behind: String) -> TlsServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let ended = over.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (config, behind) = (config.clone(), behind.clone());
                let Ok(stream) = stream else { continue };
                // The client may go at any time, as one that does not trust the certificate does.
                std::thread::spawn(move || pass(config, stream, &behind));
            }
        });
        TlsServer { address, over, thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `https://HOST:PORT/PATH`, by its address.
    pub fn at(&self, path: &str) -> String {
        format!("https://{}/{path}", self.address)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request, and its answer.
fn pass(config: Arc<ServerConfig>, stream: TcpStream, behind: &str) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut front = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        front.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let mut back = TcpStream::connect(behind)?;
    back.write_all(&request)?;
    io::copy(&mut back, &mut front)?;
    front.conn.send_close_notify();
    front.flush()
}
