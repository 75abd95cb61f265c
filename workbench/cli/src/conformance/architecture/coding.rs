//! Encoding, decoding and sampling, as the workbench does it with a trained model.

use workbench_engine::{Array, Batch, Error, Posterior, Session};
use workbench_graph::Shape;
use workbench_trainer::{Wanted, condition};

use super::{Architecture, CLASSES, batch, judged, labels, not_finite, size};
use crate::conformance::outcome::Outcome;

/// Other than a training batch's.
const ITEMS: usize = 3;
/// Pictures may be beyond 0 and 1 by rounding.
const SLACK: f32 = 1e-4;

pub fn encode(it: &mut Architecture) -> Outcome {
    judged(|| {
        let mut dims = Vec::new();
        for trained in it.trained()? {
            let fail = |why: String| failed(trained.image, &why);
            let posterior = match posterior(&trained.session, trained.image) {
                Err(Error::NotMarked { what }) => {
                    return Ok(Outcome::skipped(format!("it marks no {what}")));
                }
                posterior => posterior.map_err(|error| fail(error.to_string()))?,
            };
            finite("the posterior mean", &posterior.mean).map_err(fail)?;
            if let Some(log_variance) = &posterior.log_variance {
                finite("the posterior's log-variance", log_variance).map_err(fail)?;
                if log_variance.shape != posterior.mean.shape {
                    let [mean, other] =
                        [&posterior.mean, log_variance].map(|array| Shape::fixed(&array.shape));
                    return Err(fail(format!("the mean is {mean}, the log-variance {other}")));
                }
            }
            let latent = posterior.mean.data.len() / ITEMS;
            if let Some(port) = trained.session.latent_dims()
                && port != latent
            {
                return Err(fail(format!(
                    "the posterior mean has {latent} numbers an item, and the port z {port}"
                )));
            }
            dims.push(format!("{latent} of {}", size(trained.image)));
        }
        Ok(Outcome::passed(format!("to finite codes, numbers an image: {}", dims.join(", "))))
    })
}

/// From the posterior's mean back to pictures.
pub fn decode(it: &mut Architecture) -> Outcome {
    judged(|| {
        for trained in it.trained()? {
            let fail = |why: String| failed(trained.image, &why);
            let posterior = posterior(&trained.session, trained.image)
                .map_err(|error| fail(error.to_string()))?;
            let others = labels(&batch(trained.image, ITEMS, 1));
            match trained.session.decode(&posterior.mean, &others) {
                Err(Error::NotMarked { what }) => {
                    return Ok(Outcome::skipped(format!("it marks no {what}")));
                }
                Err(Error::MissingInput { name }) => {
                    return Err(around(&trained.session, trained.image, &name));
                }
                pictures => {
                    let pictures = pictures.map_err(|error| fail(error.to_string()))?;
                    are_pictures(&pictures, trained.image).map_err(fail)?;
                }
            }
        }
        Ok(Outcome::passed("codes become pictures of the data's shape, in 0 to 1"))
    })
}

/// From the prior to pictures: of each class, where it asks for one.
pub fn sample(it: &mut Architecture) -> Outcome {
    judged(|| {
        let mut conditional = false;
        for trained in it.trained()? {
            let fail = |why: String| failed(trained.image, &why);
            let session = &trained.session;
            conditional = session.graph().inputs().iter().any(|input| input.name == "label");
            let n = if conditional { CLASSES } else { ITEMS };
            let classes = condition(&Batch::default(), n, CLASSES, &Wanted::default());
            let drawn = session.prior(n, 7, 0).and_then(|z| session.decode(&z, &classes));
            match drawn {
                Err(Error::NotMarked { what }) => {
                    return Ok(Outcome::skipped(format!("it marks no {what}")));
                }
                Err(Error::MissingInput { name }) => {
                    return Err(around(session, trained.image, &name));
                }
                Err(error) => return Err(fail(error.to_string())),
                Ok(pictures) => are_pictures(&pictures, trained.image).map_err(fail)?,
            }
        }
        Ok(Outcome::passed(match conditional {
            true => "the prior becomes pictures, of each class",
            false => "the prior becomes pictures",
        }))
    })
}

/// A picture that is made of more than the port's value and what it is conditioned on.
fn around(session: &Session, image: &'static [usize], input: &str) -> Outcome {
    let lacks = session.graph().undrawable();
    match lacks.iter().find(|lack| lack.figures.contains(&"samples")) {
        Some(lack) => Outcome::failed(lack.why, ""),
        None => failed(image, &format!("the picture needs the input `{input}` beside port `z`")),
    }
}

fn posterior(session: &Session, image: &'static [usize]) -> Result<Posterior, Error> {
    session.encode(&batch(image, ITEMS, 1))
}

fn are_pictures(pictures: &Array, image: &'static [usize]) -> Result<(), String> {
    finite("the picture", pictures)?;
    if pictures.shape.get(1..) != Some(image) {
        return Err(format!(
            "pictures are {}, and those of the data {}",
            Shape::fixed(pictures.shape.get(1..).unwrap_or_default()),
            Shape::fixed(image)
        ));
    }
    match pictures.data.iter().find(|x| !(-SLACK..=1.0 + SLACK).contains(*x)) {
        Some(x) => Err(format!("a pixel is {x}, which is not in 0 to 1")),
        None => Ok(()),
    }
}

fn finite(what: &str, array: &Array) -> Result<(), String> {
    match not_finite(array) {
        Some(place) => Err(format!("{what} is {place}")),
        None => Ok(()),
    }
}

fn failed(image: &'static [usize], why: &str) -> Outcome {
    let help = "g.posterior takes [B, D] twice, g.port(\"z\", …) the code [B, D], g.logits or g.picture [B, C, H, W]";
    Outcome::failed(format!("{}: {why}", size(image)), help)
}
