//! A run that no model trained: curves, pictures and latents shaped as a VAE's are, the same every time.
//! For the tests and the demo.

use std::path::Path;

use workbench_runs::{Best, Error, LogWriter, RunDir, Snapshot, State, Status, Value};

/// Steps in an epoch.
const EPOCH: u64 = 300;
/// Latent dimensions, of which the last few never wake.
const DIMS: usize = 16;
const LAYERS: &str = "\
layer             shape              parameters
encoder.conv1     [B, 32, 14, 14]           320
encoder.conv2     [B, 64, 7, 7]          18,496
encoder.dense     [B, 256]              803,072
mean              [B, 16]                 4,112
logvar            [B, 16]                 4,112
decoder.dense     [B, 3136]             806,000
decoder.conv1     [B, 32, 14, 14]        18,464
decoder.conv2     [B, 1, 28, 28]            289
total                                 1,654,865
";
const EXPERIMENT: &str = "\
name = \"digits-conv\"
seed = 7

[dataset]
name = \"digits\"

[architecture]
plugin = \"conv-vae\"
latent = 16

[train]
epochs = 20
batch_size = 128
optimizer = { kind = \"adam\", lr = 1e-3 }
validation = 0.1

[knobs]
# Live: `:set beta 2` while it trains.
beta = 1.0

[log]
every_steps = 1
";

/// A run being recorded.
pub struct Synthetic {
    pub run: RunDir,
    pub step: u64,
    pub status: Status,
    log: LogWriter,
    printed: String,
    beta: f64,
}

impl Synthetic {
    /// Starts a run of `steps` steps in `runs/name`.
    pub fn create(runs: &Path, name: &str, steps: u64) -> Result<Synthetic, Error> {
        let run = RunDir::create(runs, name)?;
        let mut log = LogWriter::create(&run, None)?;
        let classes: String = (0..10).map(|class| format!("{class}\n")).collect();
        let texts =
            [("text/experiment", EXPERIMENT), ("text/layers", LAYERS), ("data/classes", &classes)];
        let texts = texts.map(|(tag, text)| (tag.to_owned(), Value::Text(text.to_owned())));
        log.write(0, &texts)?;
        let mut status = Status::starting(steps, 1_654_865);
        status.state = State::Running;
        let mut synthetic =
            Synthetic { run, step: 0, status, log, printed: String::new(), beta: 1.0 };
        synthetic.run.write_text("experiment.toml", EXPERIMENT)?;
        synthetic.print("digits: 54000 training images, 6000 for validation")?;
        synthetic.print("conv-vae: 1,654,865 parameters; cpu, 2 threads")?;
        Ok(synthetic)
    }

    /// One optimizer step, and what is due after it.
    pub fn advance(&mut self) -> Result<(), Error> {
        self.step += 1;
        let step = self.step;
        let (recon, kl) = self.parts(step, 1.0);
        let scalar = |tag: &str, value: f64| (tag.to_owned(), Value::Scalar(value as f32));
        let spike = if step % 4001 == 2900 { 260.0 } else { 0.0 };
        self.log.write(
            step,
            &[
                scalar("train/loss", recon + spike + self.beta * kl),
                scalar("train/recon", recon + spike),
                scalar("train/kl", kl),
                scalar(
                    "train/lr",
                    1e-3 * (0.5
                        + 0.5
                            * (step as f64 / self.status.steps_total as f64
                                * std::f64::consts::PI)
                                .cos()),
                ),
                scalar(
                    "train/grad_norm",
                    1.2 + 20.0 * (-(step as f64) / 90.0).exp() + 0.3 * noise(step, 3),
                ),
                scalar("knob/beta", self.beta),
                scalar("time/images_per_second", 12_300.0 + 400.0 * noise(step, 4)),
            ],
        )?;
        if step.is_multiple_of(50) {
            self.log.write(
                step,
                &[
                    scalar("system/cpu_percent", 192.0 + 4.0 * noise(step, 5)),
                    scalar("system/memory_mb", 318.0 + step as f64 * 0.002),
                    scalar("system/threads", 9.0),
                ],
            )?;
        }
        if step == 1 || step.is_multiple_of(EPOCH) {
            self.epoch()?;
        }
        Ok(())
    }

    /// Sets β, as the trainer does when it is asked to.
    pub fn set_beta(&mut self, beta: f64) -> Result<(), Error> {
        let text = format!("beta = {beta} (was {})", self.beta);
        self.beta = beta;
        self.control(&text)
    }

    /// Logs a control event.
    pub fn control(&mut self, text: &str) -> Result<(), Error> {
        self.log.write(self.step, &[("control".to_owned(), Value::Text(text.to_owned()))])?;
        self.print(&format!("step {}: {text}", self.step))
    }

    /// Writes the status.
    pub fn beat(&mut self, state: State) -> Result<(), Error> {
        self.log.flush()?;
        self.status.state = state;
        self.status.step = self.step;
        self.status.epoch = self.step / EPOCH + 1;
        self.status.images_per_second = 12_300.0 + 400.0 * noise(self.step, 4);
        self.status.write(&self.run)
    }

    /// The run is over.
    pub fn end(&mut self, state: State) -> Result<(), Error> {
        if state == State::Finished {
            let (recon, kl) = self.parts(self.step, 0.0);
            let test = [
                ("test/loss", recon + kl + 2.0),
                ("test/recon", recon + 1.8),
                ("test/kl", kl + 0.2),
            ];
            let test = test.map(|(tag, value)| (tag.to_owned(), Value::Scalar(value as f32)));
            self.log.write(self.step, &test)?;
        }
        self.print(state.name())?;
        self.beat(state)
    }

    fn epoch(&mut self) -> Result<(), Error> {
        let step = self.step;
        let (recon, kl) = self.parts(step, 0.1);
        let (recon, kl) = (recon + 1.5, kl + 0.2);
        let scalar = |tag: &str, value: f64| (tag.to_owned(), Value::Scalar(value as f32));
        let loss = recon + self.beta * kl;
        let latents = latents(step);
        let active = (0..DIMS).filter(|dim| awake(*dim, step) > 0.1).count();
        self.log.write(
            step,
            &[
                scalar("valid/loss", loss),
                scalar("valid/recon", recon),
                scalar("valid/kl", kl),
                scalar("valid/elbo", -(recon + kl)),
                scalar("latent/active_units", active as f64),
                ("images/reconstructions".to_owned(), reconstructions(step)),
                ("images/samples".to_owned(), samples(step)),
            ],
        )?;
        latents.save(&self.run)?;
        if self.status.best.as_ref().is_none_or(|best| loss < best.value) {
            self.status.best = Some(Best { tag: "valid/loss".to_owned(), step, value: loss });
        }
        self.print(&format!("epoch {:>2}  step {step:>6}  valid/loss {loss:.2}", step / EPOCH))
    }

    /// Reconstruction and KL of a batch at a step.
    fn parts(&self, step: u64, noisy: f64) -> (f64, f64) {
        let t = step as f64;
        let recon = 78.0
            + 10.0 * (self.beta - 1.0)
            + 380.0 * (-t / 120.0).exp()
            + 26.0 * (-t / 1800.0).exp();
        let kl = 25.0 / self.beta.max(0.1).sqrt() * (1.0 - (-t / 250.0).exp());
        (recon + noisy * 5.0 * noise(step, 1), (kl + noisy * 0.6 * noise(step, 2)).max(0.01))
    }

    fn print(&mut self, line: &str) -> Result<(), Error> {
        self.printed += line;
        self.printed.push('\n');
        self.run.write_text("trainer.log", &self.printed)
    }
}

/// A number between -1 and 1, roughly normal, that depends on nothing but what it is of.
fn noise(of: u64, which: u64) -> f64 {
    let mut x = of.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ which.wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut sum = 0.0;
    for _ in 0..3 {
        x ^= x >> 30;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 27;
        x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        sum += (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    }
    sum / 1.7
}

/// How much of a dimension is in use, 0 to 1.
fn awake(dim: usize, step: u64) -> f64 {
    if dim >= 12 { 0.0 } else { 1.0 - (-(step as f64) / (150.0 + 120.0 * dim as f64)).exp() }
}

fn latents(step: u64) -> Snapshot {
    let (mut mean, mut logvar, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for image in 0..1000u64 {
        let class = image % 10;
        labels.push(class as i64);
        for dim in 0..DIMS {
            let use_ = awake(dim, step);
            let centre = 1.7 * noise(class, 100 + dim as u64) / (1.0 + 0.1 * dim as f64);
            let spread = 0.42 * noise(image, 200 + dim as u64);
            mean.push((use_ * (centre + spread)) as f32);
            logvar.push((-3.0 * use_ * (1.0 - 0.05 * dim as f64)) as f32);
        }
    }
    Snapshot {
        step,
        dims: DIMS,
        mean,
        logvar,
        labels: Some(labels),
        attributes: Vec::new(),
        items: Vec::new(),
    }
}

/// Rows of inputs over their reconstructions, which sharpen as training goes on.
fn reconstructions(step: u64) -> Value {
    let blur = 0.9 + 3.0 * (-(step as f64) / 900.0).exp();
    grid(10, 8, |column, row| {
        let image = (row / 2 * 10 + column) as u64;
        digit(image * 7 % 10, image, if row % 2 == 0 { 0.6 } else { blur })
    })
}

fn samples(step: u64) -> Value {
    let blur = 1.1 + 3.0 * (-(step as f64) / 900.0).exp();
    grid(8, 8, |column, row| {
        let image = (row * 8 + column) as u64;
        digit((noise(image, 9).abs() * 30.0) as u64 % 10, image + 77, blur)
    })
}

/// 28 by 28 pixels: the segments of a digital clock, tilted a little by `which`.
fn digit(class: u64, which: u64, blur: f64) -> Vec<u8> {
    const ENDS: [[f64; 4]; 7] = [
        [-1., -2., 1., -2.],
        [1., -2., 1., 0.],
        [1., 0., 1., 2.],
        [-1., 2., 1., 2.],
        [-1., 0., -1., 2.],
        [-1., -2., -1., 0.],
        [-1., 0., 1., 0.],
    ];
    const LIT: [u8; 10] = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];
    let tilt = 0.25 * noise(which, 31);
    let scale = 4.6 + 0.5 * noise(which, 32);
    let mut pixels = Vec::with_capacity(28 * 28);
    for y in 0..28 {
        for x in 0..28 {
            let (v, u) = ((f64::from(y) - 13.5) / scale, (f64::from(x) - 13.5) / scale);
            let u = u + tilt * v;
            let lit = ENDS.iter().enumerate().filter(|(i, _)| LIT[class as usize] >> i & 1 == 1);
            let nearest = lit.map(|(_, &[x0, y0, x1, y1])| {
                let (dx, dy) = (x1 - x0, y1 - y0);
                let along = (((u - x0) * dx + (v - y0) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
                (u - x0 - along * dx).hypot(v - y0 - along * dy)
            });
            let distance = nearest.fold(f64::INFINITY, f64::min) * scale;
            let value = 1.0 / (1.0 + ((distance - 1.6) / (0.45 * blur)).exp());
            pixels.push((value * 255.0 / (0.7 + 0.3 * blur)) as u8);
        }
    }
    pixels
}

/// A PNG of tiles with 2 pixels around each.
fn grid(columns: usize, rows: usize, tile: impl Fn(usize, usize) -> Vec<u8>) -> Value {
    let (width, height) = (columns * 30 + 2, rows * 30 + 2);
    let mut pixels = vec![40u8; width * height];
    for row in 0..rows {
        for column in 0..columns {
            let tile = tile(column, row);
            for y in 0..28 {
                let at = (row * 30 + 2 + y) * width + column * 30 + 2;
                pixels[at..at + 28].copy_from_slice(&tile[y * 28..(y + 1) * 28]);
            }
        }
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    if let Ok(mut writer) = encoder.write_header() {
        // Memory takes all that is written to it.
        let _ = writer.write_image_data(&pixels);
    }
    Value::Image { width: width as u32, height: height as u32, channels: 1, png }
}
