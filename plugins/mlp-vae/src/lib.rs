//! mlp-vae
