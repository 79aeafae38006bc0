whom-refuses = N’accueille pas
whom-first = Accueille en priorité
whom-takes-at = Accueille dans ce lieu : { $place }
whom-refuses-at = N’accueille pas dans ce lieu : { $place }
whom-first-at = Accueille en priorité dans ce lieu : { $place }
whom-some-place = un de ses lieux
whom-or = ou : { $line }
whom-both = { $one }, et { $other }
whom-either = { $one } ou { $other }
whom-years = { $count ->
    [one] { $count } an
   *[other] { $count } ans
}
whom-months = { $count ->
    [one] { $count } mois
   *[other] { $count } mois
}
whom-span = { $years } et { $months }
whom-age-from = { $age } ou plus
whom-age-to = jusqu’à { $age }
whom-age-below = moins de { $age }
whom-age-between = de { $from } à { $to }
whom-everybody = tout le monde
whom-ask = ce qu’ils sont seuls à pouvoir dire : demandez-leur
whom-of = { $what } : { $values }
whom-not = sauf { $values }
whom-any = avec : { $what }
whom-without = sans : { $what }
whom-qualified = { $group } ({ $qualifier })
whom-sex-female = femmes et filles
whom-sex-male = hommes et garçons
whom-sex-other = autre sexe
whom-attribute-age-months = âge
whom-attribute-sex = sexe
whom-attribute-gender = genre
whom-attribute-nationality = nationalité
whom-attribute-migration-status = situation migratoire
whom-attribute-population = groupe de population
whom-attribute-residence-area = lieu de résidence
whom-attribute-registration = enregistrement
whom-attribute-family-situation = situation familiale
whom-attribute-health = santé
whom-attribute-language = langue
whom-attribute-income = revenus
whom-attribute-referral-origin = qui oriente
whom-attribute-everybody = tout le monde
whom-attribute-other = autre chose
whom-status-asylum-seeker = a demandé l’asile
whom-status-asylum-seeker-rejected = asile refusé
whom-status-citizen = de nationalité du pays
whom-status-resident-regular = en séjour régulier
whom-status-student-regular = étudiant avec titre de séjour
whom-status-worker-regular = travailleur avec titre de séjour
whom-status-irregular-entry = entrée sans autorisation
whom-status-irregular-overstay = séjour au-delà de l’autorisation
whom-status-refugee = réfugié
whom-status-stateless = apatride
whom-status-other = autre
whom-status-dont-know = inconnue
whom-status-refused = non dite
