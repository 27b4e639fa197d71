"""What is kept, and all of the SQL. Imports neither channels nor intake."""
