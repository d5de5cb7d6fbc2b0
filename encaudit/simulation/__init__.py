"""Small simulated data sets whose truth is known: for the demo, the fixtures and the tests of the physics."""
