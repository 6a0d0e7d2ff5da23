"""The only code that opens user files, and the safe swap of the output folder."""
