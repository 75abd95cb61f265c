/// Something logged under a tag.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number; it need not be finite.
    Scalar(f32),
    /// A PNG file. Read from a log, the extents are those in the PNG's own header, at most 16384.
    Image {
        width: u32,
        height: u32,
        /// 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
        channels: u8,
        png: Vec<u8>,
    },
    /// How some numbers are spread.
    Histogram(Histogram),
    /// Text, Markdown in TensorBoard.
    Text(String),
}

/// Counts of numbers in adjoining buckets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    pub min: f64,
    pub max: f64,
    /// How many numbers there are.
    pub num: f64,
    pub sum: f64,
    pub sum_squares: f64,
    /// The upper end of each bucket, ascending.
    pub bucket_limit: Vec<f64>,
    /// The numbers in each bucket.
    pub bucket: Vec<f64>,
}

impl Histogram {
    /// Counts the finite ones of `numbers` in `buckets` buckets (at least one) of equal width.
    pub fn of(numbers: &[f32], buckets: usize) -> Histogram {
        let buckets = buckets.max(1);
        let finite = || numbers.iter().filter(|x| x.is_finite()).map(|&x| f64::from(x));
        let (min, max) =
            finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        if min > max {
            return Histogram::default();
        }
        let width = (max - min) / buckets as f64;
        let mut histogram = Histogram {
            min,
            max,
            bucket_limit: (1..=buckets).map(|i| min + width * i as f64).collect(),
            bucket: vec![0.0; buckets],
            ..Histogram::default()
        };
        for x in finite() {
            let at = if width > 0.0 { ((x - min) / width) as usize } else { 0 };
            histogram.bucket[at.min(buckets - 1)] += 1.0;
            histogram.num += 1.0;
            histogram.sum += x;
            histogram.sum_squares += x * x;
        }
        histogram
    }
}

/// What was logged at one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// Optimizer steps done; of a session start, the last step whose records still hold.
    pub step: u64,
    /// Seconds since 1970, by the writer's clock: never to be relied on for order.
    pub wall_time: f64,
    /// Tags and their values, in the order written.
    pub values: Vec<(String, Value)>,
    /// A run went on from a checkpoint: every record before this one of a step greater than `step`
    /// is superseded.
    pub session_start: bool,
}
