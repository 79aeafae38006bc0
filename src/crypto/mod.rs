//! Keys, signing and sealing: the only room that names josekit.
