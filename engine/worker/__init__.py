"""The worker: a heartbeat that claims what is due and delivers what is to leave. All truth is in the database."""
