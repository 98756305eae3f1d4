"""What goes over the wire, one module a topic. Fields are exact: an unknown one is an error."""
