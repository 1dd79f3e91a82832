"""The pages: static files only. They know the API of `otel_bridge/inspector/api/`, nothing else."""
