//! Parameters: what a user sets under `[dataset]` or `[architecture]`.
//!
//! They are declared as constants, so that the host knows them without running the plugin:
//!
//! ```
//! use workbench_sdk::{Param, param};
//!
//! const PARAMS: &[Param] = &[
//!     param::int("latent", "Dimensions of the latent space.", 20).range(1, 4096),
//!     param::ints("channels", "Output channels, one a convolution.", &[32, 64]).range(1, 4096),
//!     param::text("init", "Initialisation of the weights.", "he").choices(CHOICES),
//!     param::path("images", "An IDX file.").required(),
//! ];
//! const CHOICES: &[param::Choice] = &[param::choice("he"), param::choice("pytorch")];
//! ```

use workbench_abi as abi;

/// Declares `latent`, as every architecture here has it.
pub const LATENT: Param = int("latent", "Dimensions of the latent space.", 20).range(1, 4096);
/// Declares `init`; read it as a [`Scheme`](crate::Scheme).
pub const INIT: Param =
    text("init", "How the weights start: Kaiming normal, or PyTorch's default.", "he")
        .choices(&[choice("he"), choice("pytorch")]);

/// A declared parameter: name, one sentence, default, and what is allowed.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Param(pub(crate) abi::Param);

/// One allowed value of a text parameter.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Choice(pub(crate) abi::Str);

/// One allowed value of a text parameter.
pub const fn choice(text: &'static str) -> Choice {
    Choice(abi::Str::new(text))
}

/// A switch.
pub const fn bool(name: &'static str, about: &'static str, default: bool) -> Param {
    declare(name, about, abi::Value::bool(default))
}

/// A whole number.
pub const fn int(name: &'static str, about: &'static str, default: i64) -> Param {
    declare(name, about, abi::Value::int(default))
}

/// A number.
pub const fn float(name: &'static str, about: &'static str, default: f64) -> Param {
    declare(name, about, abi::Value::float(default))
}

/// A text.
pub const fn text(name: &'static str, about: &'static str, default: &'static str) -> Param {
    declare(name, about, abi::Value::text(default))
}

/// A list of whole numbers.
pub const fn ints(name: &'static str, about: &'static str, default: &'static [i64]) -> Param {
    declare(name, about, abi::Value::ints(default))
}

/// A list of texts.
pub const fn texts(name: &'static str, about: &'static str, default: &'static [Choice]) -> Param {
    let mut value = abi::Value::ZERO;
    value.ty = abi::TEXTS;
    // `Choice` is a transparent `Str`.
    value.ints = default.as_ptr().cast();
    value.n_ints = default.len();
    declare(name, about, value)
}

/// A file or folder. Relative ones are taken from the data card's folder, or the root; "" where left out.
pub const fn path(name: &'static str, about: &'static str) -> Param {
    let mut value = abi::Value::text("");
    value.ty = abi::PATH;
    declare(name, about, value)
}

impl Param {
    /// The user must set it: the default only tells its type.
    #[must_use]
    pub const fn required(mut self) -> Param {
        self.0.required = 1;
        self
    }

    /// Inclusive bounds of a whole number, or of each in a list.
    #[must_use]
    pub const fn range(self, min: i64, max: i64) -> Param {
        self.between(min as f64, max as f64)
    }

    /// Inclusive bounds of a number.
    #[must_use]
    pub const fn between(mut self, min: f64, max: f64) -> Param {
        self.0.min = min;
        self.0.max = max;
        self
    }

    /// The only texts allowed, of a text or of each in a list.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [Choice]) -> Param {
        // `Choice` is a transparent `Str`.
        self.0.choices = choices.as_ptr().cast();
        self.0.n_choices = choices.len();
        self
    }
}

/// Lists of parameters as one: `params![&[param::LATENT], Stack::PARAMS, &[param::INIT]]` is a `&[Param]`.
#[macro_export]
macro_rules! params {
    ($($list:expr),+ $(,)?) => {{
        const LISTS: &[&[$crate::Param]] = &[$($list),+];
        const ALL: [$crate::Param; $crate::param::total(LISTS)] = $crate::param::joined(LISTS);
        &ALL
    }};
}

#[doc(hidden)]
pub const fn total(lists: &[&[Param]]) -> usize {
    let (mut sum, mut list) = (0, 0);
    while list < lists.len() {
        sum += lists[list].len();
        list += 1;
    }
    sum
}

/// `N` is their [`total`].
#[doc(hidden)]
pub const fn joined<const N: usize>(lists: &[&[Param]]) -> [Param; N] {
    let mut all = [LATENT; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut i = 0;
        while i < lists[list].len() {
            all[at] = lists[list][i];
            (at, i) = (at + 1, i + 1);
        }
        list += 1;
    }
    all
}

const fn declare(name: &'static str, about: &'static str, fallback: abi::Value) -> Param {
    Param(abi::Param {
        name: abi::Str::new(name),
        about: abi::Str::new(about),
        required: 0,
        reserved: 0,
        fallback,
        min: f64::NEG_INFINITY,
        max: f64::INFINITY,
        choices: std::ptr::null(),
        n_choices: 0,
    })
}
