"""What the bridge tells about itself: metrics, health, logs."""
