whom-refuses = No recibe
whom-first = Recibe con prioridad
whom-takes-at = Recibe en este lugar: { $place }
whom-refuses-at = No recibe en este lugar: { $place }
whom-first-at = Recibe con prioridad en este lugar: { $place }
whom-some-place = uno de sus lugares
whom-or = o bien: { $line }
whom-both = { $one }, y además { $other }
whom-either = { $one } o { $other }
whom-years = { $count ->
    [one] { $count } año
   *[other] { $count } años
}
whom-months = { $count ->
    [one] { $count } mes
   *[other] { $count } meses
}
whom-span = { $years } y { $months }
whom-age-from = de { $age } o más
whom-age-to = hasta { $age }
whom-age-below = menos de { $age }
whom-age-between = de { $from } a { $to }
whom-everybody = todas las personas
whom-ask = algo que solo ellos pueden decir: pregúnteles
whom-of = { $what }: { $values }
whom-not = excepto { $values }
whom-any = con: { $what }
whom-without = sin: { $what }
whom-qualified = { $group } ({ $qualifier })
whom-sex-female = mujeres y niñas
whom-sex-male = hombres y niños
whom-sex-other = otro sexo
whom-attribute-age-months = edad
whom-attribute-sex = sexo
whom-attribute-gender = género
whom-attribute-nationality = nacionalidad
whom-attribute-migration-status = situación migratoria
whom-attribute-population = grupo de población
whom-attribute-residence-area = dónde viven
whom-attribute-registration = registro
whom-attribute-family-situation = situación familiar
whom-attribute-health = salud
whom-attribute-language = idioma
whom-attribute-income = ingresos
whom-attribute-referral-origin = quién deriva
whom-attribute-everybody = todas las personas
whom-attribute-other = otra cosa
whom-status-asylum-seeker = ha pedido asilo
whom-status-asylum-seeker-rejected = asilo denegado
whom-status-citizen = con la nacionalidad del país
whom-status-resident-regular = con residencia regular
whom-status-student-regular = estudiante con permiso
whom-status-worker-regular = trabajador con permiso
whom-status-irregular-entry = entró sin autorización
whom-status-irregular-overstay = permaneció más de lo autorizado
whom-status-refugee = refugiado
whom-status-stateless = apátrida
whom-status-other = otra
whom-status-dont-know = no se sabe
whom-status-refused = no dicha
