"""What the processes of a run leave behind."""

import weakref

from torch import nn

from tutti.errors import ConfigError
from tutti.training.devices import in_all_processes


class FabricOfTwo:
    """As Lightning's, but in this process; keeps what is handed back to the process that asked."""

    world_size = 2

    def launch(self, function, *args):
        self.handed_back = function(self, *args)


def test_an_error_that_is_handed_back_keeps_no_network_alive():
    # A network holds its group of processes, whose threads abort a process that ends before them.
    networks = []

    def go_wrong(fabric):
        network = nn.Linear(1, 1)
        networks.append(weakref.ref(network))
        try:
            raise KeyError("loss")
        except KeyError as error:
            raise ConfigError("no such loss", hint="name another") from error

    fabric = FabricOfTwo()
    in_all_processes(fabric, go_wrong)
    assert isinstance(fabric.handed_back, ConfigError)
    assert networks[0]() is None
