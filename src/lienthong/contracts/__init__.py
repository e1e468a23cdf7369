"""Data contracts: what each database promises, and the rules that say when a row breaks the promise."""
