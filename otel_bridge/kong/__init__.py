"""Kong's side: making it capture, checking why it sends nothing, reading its old plugin blocks.

`capture/` holds the plugin `otel-capture`, its form as a pre-function and the script that derives the
one from the other, as they run on Kong; nothing of it runs here.
"""
