"""Everything around the service: the build, generated files, the local stack, the cost model and tools."""
