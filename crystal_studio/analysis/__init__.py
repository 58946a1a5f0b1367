"""What a designer asks of one crystal: powder pattern, distances, coordination, hull, elasticity, vibrations; and
what a triage rule keeps."""
