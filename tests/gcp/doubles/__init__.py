"""What takes a cloud's place in the tests. Each says what it does not prove."""
