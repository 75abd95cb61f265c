//! conv-vae
