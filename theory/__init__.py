"""What mathematics says of local search on random landscapes over graphs; draws no random number."""
