"""The reference models in PyTorch, with its default initialisation: the same layers as mlp-vae and conv-vae."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class MlpVae(nn.Module):
    """784-400-20-400-784."""

    shape, batch = (1, 28, 28), 128

    def __init__(self, latent=20):
        super().__init__()
        self.hidden = nn.Linear(784, 400)
        self.mean, self.log_variance = nn.Linear(400, latent), nn.Linear(400, latent)
        self.back, self.pixels = nn.Linear(latent, 400), nn.Linear(400, 784)

    def encode(self, x):
        h = F.relu(self.hidden(x.flatten(1)))
        return self.mean(h), self.log_variance(h)

    def decode(self, z):
        return self.pixels(F.relu(self.back(z)))

    def forward(self, x):
        mean, log_variance = self.encode(x)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return self.decode(z), mean, log_variance


class ConvVae(MlpVae):
    """Convolutions of kernel 4, stride 2, padding 1, a fully connected layer, and the mirror image of both."""

    def __init__(self, shape, channels, hidden, latent):
        nn.Module.__init__(self)
        side = shape[1] >> len(channels)
        self.top = (channels[-1], side, side)
        flat = channels[-1] * side * side
        sizes = [shape[0], *channels]
        down = [nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(sizes, channels)]
        up = [nn.ConvTranspose2d(b, a, 4, 2, 1) for a, b in zip(sizes, channels)][::-1]
        self.down = nn.Sequential(*(part for layer in down for part in (layer, nn.ReLU())))
        self.up = nn.Sequential(*[part for layer in up for part in (layer, nn.ReLU())][:-1])
        self.hidden = nn.Linear(flat, hidden)
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.back, self.spread = nn.Linear(latent, hidden), nn.Linear(hidden, flat)

    def encode(self, x):
        h = F.relu(self.hidden(self.down(x).flatten(1)))
        return self.mean(h), self.log_variance(h)

    def decode(self, z):
        h = F.relu(self.spread(F.relu(self.back(z))))
        return self.up(h.unflatten(1, self.top))


class Conv28(ConvVae):
    shape, batch = (1, 28, 28), 128

    def __init__(self, latent=20):
        super().__init__(self.shape, [32, 64], 256, latent)


class Conv64(ConvVae):
    shape, batch = (3, 64, 64), 64

    def __init__(self, latent=32):
        super().__init__(self.shape, [32, 32, 64, 64], 256, latent)


class Normed(nn.Sequential):
    """Group normalisation with 8 channels a group, and SiLU."""

    def __init__(self, channels):
        super().__init__(nn.GroupNorm(max(channels // 8, 1), channels), nn.SiLU())


class Block(nn.Module):
    """A pre-activation residual block."""

    def __init__(self, channels):
        super().__init__()
        convolution = lambda: nn.Conv2d(channels, channels, 3, padding=1)
        self.added = nn.Sequential(Normed(channels), convolution(), Normed(channels), convolution())

    def forward(self, x):
        return x + self.added(x)


class ResVae(MlpVae):
    """A convolution of kernel 4, stride 2, padding 1 and a residual block for each size, and the mirror image."""

    def __init__(self, shape, channels, latent):
        nn.Module.__init__(self)
        side = shape[1] >> len(channels)
        self.top = (channels[-1], side, side)
        flat = channels[-1] * side * side
        sizes = [shape[0], *channels]
        down = [(nn.Conv2d(a, b, 4, 2, 1), Block(b)) for a, b in zip(sizes, channels)]
        up = [(Block(b), Normed(b), nn.ConvTranspose2d(b, a, 4, 2, 1)) for a, b in zip(sizes, channels)][::-1]
        self.down = nn.Sequential(*(part for level in down for part in level), Normed(channels[-1]))
        self.up = nn.Sequential(*(part for level in up for part in level))
        self.mean, self.log_variance = nn.Linear(flat, latent), nn.Linear(flat, latent)
        self.spread = nn.Linear(latent, flat)

    def encode(self, x):
        h = self.down(x).flatten(1)
        return self.mean(h), self.log_variance(h)

    def decode(self, z):
        return self.up(self.spread(z).unflatten(1, self.top))


class Res64(ResVae):
    shape, batch = (3, 64, 64), 64

    def __init__(self, latent=64):
        super().__init__(self.shape, [32, 64, 64, 128], latent)

    @staticmethod
    def recon(decoded, x):
        """Gaussian pixels with the best sigma of the batch, softly bounded below by exp(-6)."""
        error = x - (decoded * 0.25 + 0.5)
        squared = error * error
        log_scale = 0.5 * torch.log(squared.mean() + 1e-12).detach()
        log_scale = F.softplus(log_scale + 6) - 6
        return squared.sum() * 0.5 * torch.exp(-2 * log_scale) + x.numel() * (log_scale + 0.5 * math.log(2 * math.pi))


MODELS = {"mlp28": MlpVae, "conv28": Conv28, "conv64": Conv64, "res64": Res64}


def losses(logits, x, mean, log_variance, recon=None):
    """Reconstruction (of Bernoulli pixels, unless told otherwise) and KL in nats, each summed over the batch."""
    if recon:
        recon = recon(logits, x)
    else:
        recon = F.binary_cross_entropy_with_logits(logits.flatten(1), x.flatten(1), reduction="sum")
    return recon, -0.5 * torch.sum(1 + log_variance - mean * mean - log_variance.exp())
