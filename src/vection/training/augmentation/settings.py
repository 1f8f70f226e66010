"""What augmentation may change."""

from dataclasses import dataclass

from vection.formats.bounds import NotNegative, Positive, Share


@dataclass(frozen=True)
class Augmentation:
    """What `augment` may change. Monodepth2, section 4: flip and jitter with probability one half."""

    flip: Share = 0.5
    """Probability of mirroring a sample."""
    jitter: Share = 0.5
    """Probability of jittering a sample's colours."""
    brightness: Share = 0.2
    """Brightness is multiplied by a factor drawn from 1 - this to 1 + this."""
    contrast: Share = 0.2
    """Contrast is multiplied by a factor drawn from 1 - this to 1 + this."""
    saturation: Share = 0.2
    """Saturation is multiplied by a factor drawn from 1 - this to 1 + this."""
    hue: Share = 0.1
    """Turn of the hue in revolutions, to either side."""
    gamma: NotNegative = 0.0
    """Largest logarithm of the exponent that the colours seen by networks are raised to, to either side."""
    blur: Share = 0.0
    """Probability of softening a sample's images by a mean over 3x3 pixels."""
    noise: NotNegative = 0.0
    """Largest standard deviation of the noise that networks see, in units of their range."""
    scale_crop: Positive = 1.0
    """Largest zoom, drawn for x and y on their own; the zoomed image is cropped back to its size. 1 = off."""
    labelled_shrink: Positive = 1.0
    """Labelled images of a second domain are made smaller by a factor from 1 to this before the crop."""

    @property
    def degrades(self) -> bool:
        """Return whether tone curve, softness or noise of the images that networks see are changed."""
        return bool(self.gamma or self.blur or self.noise)
