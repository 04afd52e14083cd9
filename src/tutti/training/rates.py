"""How fast each part of a network learns: factors of the learning rate, 0 for a part that stays as it is.

They are kept on the network itself, by the names of its modules, so that copies of it, its way to other processes and
networks around it keep them. Which part gets which is ``transfer``'s matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

PART_RATES = "part_rates"
WEIGHTS_DECAY_ALONE = "weights_decay_alone"
"""Name of a network's attribute: true where biases, scales and offsets are spared the weight decay."""


def set_rates(network: nn.Module, rates: Mapping[str, float]) -> None:
    """Have some parts learn at a factor of the learning rate; what no part holds learns at 1.

    Args:
        network: It is changed: parameters of parts that stay as they are want no gradient.
        rates: By a module's or a parameter's name; of parts within each other the inner one counts.
    """
    setattr(network, PART_RATES, dict(rates))
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(rate_of(name, rates) > 0)


def part_rates(network: nn.Module) -> dict[str, float]:
    """The factors by the names that parts have in this network, which may hold the one whose rates were set."""
    return {
        f"{name}.{part}".lstrip("."): rate
        for name, module in network.named_modules()
        for part, rate in getattr(module, PART_RATES, {}).items()
    }


def rate_of(name: str, rates: Mapping[str, float]) -> float:
    """The factor of a module or parameter.

    >>> rate_of("encoder.layers.1.conv", {"encoder": 0.0, "encoder.layers.1": 0.1})
    0.1
    """
    holding = [part for part in rates if f"{name}.".startswith(f"{part}.")]
    return rates[max(holding, key=len)] if holding else 1.0


def parameter_groups(network: nn.Module) -> list[Any]:
    """What an optimiser is given: all parameters, or a group for each factor, without those that stay as they are.

    Where the network says so (``WEIGHTS_DECAY_ALONE``), parameters of one dimension have groups that do not decay.
    """
    rates, is_spared = part_rates(network), getattr(network, WEIGHTS_DECAY_ALONE, False)
    if not rates and not is_spared:
        return list(network.parameters())
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if rate := rate_of(name, rates):
            decays = parameter.ndim > 1 or not is_spared
            groups.setdefault((rate, decays), []).append(parameter)
    return [{"params": some, "rate": rate, "decays": decays} for (rate, decays), some in groups.items()]


def learning_mode(network: nn.Module) -> nn.Module:
    """The network, set to learn; parts that stay as they are keep their statistics too, and nothing drops out."""
    network.train()
    rates = part_rates(network)
    for name, module in network.named_modules():
        if rate_of(name, rates) == 0:
            module.training = False
    return network
