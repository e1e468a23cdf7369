"""Whether a procedure is ready to be connected: seven gates, a service and a priority, with everything that changed."""
