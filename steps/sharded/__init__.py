"""Steps that work on one shard of the data each, and steps that put their results together."""
