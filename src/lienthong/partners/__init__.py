"""Systems outside: whoever is told of changes, and later the Portal, the population database and the insurance."""
