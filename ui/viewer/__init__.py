"""The parts of the request page: choosing an exchange, and the views of it."""
