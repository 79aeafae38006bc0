whom-refuses = Does not take
whom-first = Takes first
whom-takes-at = Takes at: { $place }
whom-refuses-at = Does not take at: { $place }
whom-first-at = Takes first at: { $place }
whom-some-place = one of its places
whom-or = or: { $line }
whom-both = { $one }, and { $other }
whom-either = { $one } or { $other }
whom-years = { $count ->
    [one] { $count } year
   *[other] { $count } years
}
whom-months = { $count ->
    [one] { $count } month
   *[other] { $count } months
}
whom-span = { $years } and { $months }
whom-age-from = aged { $age } or more
whom-age-to = aged up to { $age }
whom-age-below = under { $age }
whom-age-between = aged { $from } to { $to }
whom-everybody = everybody
whom-ask = something that only they can say: ask them
whom-of = { $what }: { $values }
whom-not = not { $values }
whom-any = with: { $what }
whom-without = without: { $what }
whom-qualified = { $group } ({ $qualifier })
whom-sex-female = women and girls
whom-sex-male = men and boys
whom-sex-other = another sex
whom-attribute-age-months = age
whom-attribute-sex = sex
whom-attribute-gender = gender
whom-attribute-nationality = nationality
whom-attribute-migration-status = migration status
whom-attribute-population = population group
whom-attribute-residence-area = where they live
whom-attribute-registration = registration
whom-attribute-family-situation = family situation
whom-attribute-health = health
whom-attribute-language = language
whom-attribute-income = income
whom-attribute-referral-origin = who refers them
whom-attribute-everybody = everybody
whom-attribute-other = something else
whom-status-asylum-seeker = asked for asylum
whom-status-asylum-seeker-rejected = asylum was refused
whom-status-citizen = citizen
whom-status-resident-regular = regular resident
whom-status-student-regular = student with a permit
whom-status-worker-regular = worker with a permit
whom-status-irregular-entry = entered without permission
whom-status-irregular-overstay = stayed longer than permitted
whom-status-refugee = refugee
whom-status-stateless = stateless
whom-status-other = other
whom-status-dont-know = not known
whom-status-refused = not said
