"""A model's rotary embedding, where it is one that centring knows: fixed frequencies, and pairs that turn with the position."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import torch

from .._cache_options import Pairing

# Those whose frequencies do not depend on the length of the text.
_FIXED = {"default", "linear", "llama3", "yarn", "proportional"}
_POSITIONS = (0, 1, 2, 7)


class Rotary(NamedTuple):
    """A rotary embedding."""

    frequencies: npt.NDArray[np.float64]
    """Radians per position, one per pair."""
    pairing: Pairing


def rotary_of(
    model: torch.nn.Module, attention: torch.nn.Module, layer_type: str, dimension: int
) -> Rotary | None:
    """The embedding of an attention module's keys, or None if it is not known or of another kind.

    What the model's configuration says is tried: the model's own functions embed random keys. Where they take only the part
    of a key that turns, it is the first one, as everywhere in transformers where a configuration has `partial_rotary_factor`.

    Args:
        layer_type: its name in the model's configuration.
        dimension: of a key.
    """
    embed = getattr(sys.modules[type(attention).__module__], "apply_rotary_pos_emb", None)
    found = [
        given for module in model.modules() if (given := _given(module, layer_type)) is not None
    ]
    if embed is None or len(found) != 1:
        return None
    module, frequencies, names = found[0]
    generator = torch.Generator().manual_seed(1)
    keys = torch.randn(1, 1, len(_POSITIONS), dimension, generator=generator)
    for width in _widths(attention, layer_type, dimension):
        x = keys[..., :width]
        try:
            with torch.no_grad():
                cosine, sine = module(x, torch.tensor([_POSITIONS]), **names)
                embedded = embed(x, x, cosine, sine)[1]
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):
            continue  # it takes other arguments
        for pairing in get_args(Pairing):
            rotary = Rotary(frequencies, pairing)
            if _embeds(rotary, x[0, 0].double().numpy(), embedded):
                return rotary
    return None


def _widths(attention: torch.nn.Module, layer_type: str, dimension: int) -> Iterator[int]:
    """Of how many coordinates the model's function may take a key: all, or the part that turns."""
    yield dimension
    parameters = getattr(getattr(attention, "config", None), "rope_parameters", None) or {}
    if isinstance(parameters.get(layer_type), dict):
        parameters = parameters[layer_type]
    factor = parameters.get("partial_rotary_factor")
    if factor is not None and 0 < factor < 1:
        yield int(dimension * factor)


def _given(
    module: Any, layer_type: str
) -> tuple[Any, npt.NDArray[np.float64], dict[str, str]] | None:
    """A module of rotary embeddings, its frequencies for a layer type, and the arguments that choose them."""
    kind = getattr(module, "rope_type", None)
    names: dict[str, str] = {}
    frequencies = getattr(module, "inv_freq", None)
    if isinstance(kind, dict):
        kind = kind.get(layer_type)
        names = {"layer_type": layer_type}
        frequencies = getattr(module, f"{layer_type}_inv_freq", None)
    if kind not in _FIXED or not isinstance(frequencies, torch.Tensor):
        return None
    return module, frequencies.detach().double().cpu().numpy(), names


def _embeds(rotary: Rotary, x: npt.NDArray[np.float64], embedded: torch.Tensor) -> bool:
    """Whether `embedded`, (1, 1, positions, dimension), is x under a rotary embedding, times a constant."""
    if embedded.shape[2:] != x.shape:
        return False
    n = len(rotary.frequencies)
    if 2 * n > x.shape[1]:
        return False
    turned = x.copy()
    one, two = (
        (slice(0, n), slice(n, 2 * n))
        if rotary.pairing == "halves"
        else (slice(0, 2 * n, 2), slice(1, 2 * n, 2))
    )
    angle = np.array(_POSITIONS)[:, None] * rotary.frequencies
    turned[:, one] = x[:, one] * np.cos(angle) - x[:, two] * np.sin(angle)
    turned[:, two] = x[:, one] * np.sin(angle) + x[:, two] * np.cos(angle)
    result = embedded[0, 0].double().numpy()
    factor = np.vdot(result[:, : 2 * n], turned[:, : 2 * n]) / np.sum(turned[:, : 2 * n] ** 2)
    turned[:, : 2 * n] *= factor
    # float32 at angles up to 7 radians.
    return bool(np.abs(result - turned).max() < 1e-4 * max(1, abs(factor)) * np.abs(x).max())
