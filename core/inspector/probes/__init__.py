"""Small requests that show by evidence whether a server does what it is said to do."""
