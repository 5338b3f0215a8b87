"""What a row is: fields, the door that packs them, windows of n steps."""
