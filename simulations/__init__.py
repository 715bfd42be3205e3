"""What experiments say: landscapes, local search, campaigns, real benchmarks and a trainer."""
