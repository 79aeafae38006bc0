find-title = Buscar un servicio
find-search = Búsqueda
find-need = Qué se necesita
find-any-need = Cualquier cosa
find-near = Dónde
find-text = Palabras
find-button = Buscar
find-person = ¿Es adecuado para esta persona?
find-person-label = Sobre esta persona
find-person-kept = Se usa solo para esta búsqueda. No se guarda y no aparece en ninguna dirección.
find-age = Edad en años
find-bad-age = Escriba la edad en años, por ejemplo 17
find-speaks = Idioma que habla
find-speaks-help = Su código corto, como ar, fr o sw
find-sex = Sexo
find-sex-female = Femenino
find-sex-male = Masculino
find-sex-other = Otro
find-population = También es cierto, hasta donde se sabe
find-check = Comprobar
find-count = { $count ->
    [one] { $count } servicio
   *[other] { $count } servicios
}
find-some = { $count } de los servicios
find-left-out = { $count ->
    [one] { $count } más queda fuera: sus reglas lo impiden para esta persona.
   *[other] { $count } más quedan fuera: sus reglas lo impiden para esta persona.
}
find-nothing = No se encontró nada
find-empty-directory = El directorio todavía no tiene servicios. Quienes lo llevan los incorporan.
find-no-such-place = Ningún lugar se llama «{ $place }» aquí. Elija uno de la lista o déjelo vacío.
find-blame-text = Son las palabras las que no dejan nada.
find-blame-service = Es la necesidad la que no deja nada.
find-blame-near = Es el lugar el que no deja nada.
find-blame-person = Hay servicios, y las reglas de cada uno lo impiden para esta persona.
find-blame-doubtful = Lo que hay no se ha comprobado desde hace mucho. Confirme antes de derivar a alguien allí.
find-blame-several = Solo se encuentra algo sin varios de los filtros. Quítelos uno tras otro.
find-without-text = { $count ->
    [1000] Al menos { $count } sin las palabras
    [one] { $count } sin las palabras
   *[other] { $count } sin las palabras
}
find-without-service = { $count ->
    [1000] Al menos { $count } para cualquier necesidad
    [one] { $count } para cualquier necesidad
   *[other] { $count } para cualquier necesidad
}
find-without-near = { $count ->
    [1000] Al menos { $count } en cualquier lugar
    [one] { $count } en cualquier lugar
   *[other] { $count } en cualquier lugar
}
find-without-person = { $count ->
    [1000] Al menos { $count } para cualquiera
    [one] { $count } para cualquiera
   *[other] { $count } para cualquiera
}
find-without-doubtful = { $count ->
    [1000] Al menos { $count } que nadie ha comprobado últimamente
    [one] { $count } que nadie ha comprobado últimamente
   *[other] { $count } que nadie ha comprobado últimamente
}
find-look = Cómo derivar
find-reach = Cómo contactar
find-pages = Páginas de resultados
find-next = Siguiente
find-own-area = Se muestra lo que atiende a { $place }, donde trabaja su organización.
find-own-area-without = Mostrar todo
find-within = A qué distancia
find-within-any = Lo que atiende el lugar
find-within-km = A menos de { $km } km
find-within-where = Elija un lugar de la lista para buscar a su alrededor
find-away = { $km ->
    [0] A menos de 1 km
   *[other] A unos { $km } km
}
find-away-under = A menos de { $to } km
find-away-between = Entre { $from } y { $to } km
find-away-over = A más de { $from } km
find-serves-remote = Por teléfono o en línea
find-serves-country = Atiende a todo el país
find-serves-area = Atiende la zona
find-blame-within = Es la distancia la que no deja nada.
find-without-within = { $count ->
    [1000] Al menos { $count } en cualquier lugar
    [one] { $count } en cualquier lugar
   *[other] { $count } en cualquier lugar
}
map-view = Vista
map-list = Lista
map-map = Mapa
map-title = Mapa de los resultados
map-description = Los números son los de la lista. Donde las marcas se tocarían, una sola las reúne y dice cuántas son. La lista lo contiene todo.
map-scale = { $length } km
map-looks = Desde qué distancia mirar
map-closer = Ver más de cerca
map-farther = Ver desde más lejos
map-outside = { $count ->
    [one] { $count } servicio de la lista queda fuera de esta parte
   *[other] { $count } servicios de la lista quedan fuera de esta parte
}
map-several = { $count } servicios muy próximos: { $names }
map-not-shown = Lugar no mostrado en el mapa
map-nothing = Ninguno de estos lugares se puede mostrar en un mapa. La lista los contiene todos.
map-listed = Lo que se encontró
map-disclaimer = Los números son los de la lista. Cada cuadro mide lo que la barra. No se muestran fronteras. Las posiciones son las que dieron los proveedores y no implican el reconocimiento de ninguna frontera ni nombre.
