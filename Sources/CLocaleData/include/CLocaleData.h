// Foundation, which GRDB and TOMLKit need, brings 34 MB of data for the languages of the world: half of the binary. crier formats
// nothing for people of a certain language. This module defines the symbol of that data, with no entry in it, so the linker
// leaves the other out. Remove it if crier ever asks Foundation for a language: ICU would answer with an error.
#pragma once
