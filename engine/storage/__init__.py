"""Everything that outlives the process: tables, the unit of work, the ledger, the outbox and the evidence store."""
