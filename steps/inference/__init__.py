"""Steps that recognise the faces of many pictures."""
