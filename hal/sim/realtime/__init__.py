"""The MT3620's real-time subsystem: two Cortex-M4F and the peripherals they share or own."""
