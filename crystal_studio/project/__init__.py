"""The project file: schema, migrations, one writer, many readers. The only room that speaks SQL."""
