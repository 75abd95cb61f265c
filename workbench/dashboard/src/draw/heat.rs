//! Values as colours.

/// From black by blue and orange to yellow: brighter is more, for any kind of colour vision.
pub(crate) fn heat(share: f64) -> [u8; 3] {
    const STOPS: [[f64; 3]; 5] = [
        [16.0, 16.0, 24.0],
        [0.0, 66.0, 117.0],
        [124.0, 92.0, 120.0],
        [230.0, 140.0, 40.0],
        [250.0, 236.0, 120.0],
    ];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (at as usize).min(STOPS.len() - 2);
    let part = at - below as f64;
    std::array::from_fn(|i| {
        (STOPS[below][i] * (1.0 - part) + STOPS[below + 1][i] * part).round() as u8
    })
}
