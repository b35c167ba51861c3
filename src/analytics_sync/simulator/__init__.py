"""Made-up LinkedIn, X, Facebook and Instagram behind real HTTP: strict, seeded, with a movable clock."""
