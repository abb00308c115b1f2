"""Who can answer: the network, each head on activations, and the mean of some of them."""

from typing import TYPE_CHECKING, Literal, TypeAlias

from apparel_eye.parameters.boost import HEADS

NETWORK = ("plain", "tta")
"""Candidates of the network."""
BLEND = "blend"
"""The candidate that is a mean of others."""

if TYPE_CHECKING:
    CandidateName: TypeAlias = str
    MixedName: TypeAlias = str
else:
    CandidateName = Literal[("auto", *NETWORK, *HEADS, BLEND)]
    MixedName = Literal[(*NETWORK, *HEADS)]
