"""What a designer asks for: ``DesignRequest``, its parts, validated and serialised, and the fields that ask for it."""
