"""The engine of cityloop: definitions, token game, life cycles, clocks and the ledger, without any web."""
