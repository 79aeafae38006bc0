find-title = Chercher un service
find-search = Recherche
find-need = Ce qu’il faut
find-any-need = Tout
find-near = Où
find-text = Mots
find-button = Chercher
find-person = Convient-il à cette personne ?
find-person-label = À propos de cette personne
find-person-kept = Sert à cette recherche seulement. Rien n’est gardé, et rien ne figure dans une adresse.
find-age = Âge en années
find-bad-age = Écrivez l’âge en nombre d’années, par exemple 17
find-speaks = Langue parlée
find-speaks-help = Son code court, comme ar, fr ou sw
find-sex = Sexe
find-sex-female = Féminin
find-sex-male = Masculin
find-sex-other = Autre
find-population = Ce qui est vrai aussi, autant qu’on le sache
find-check = Vérifier
find-count = { $count ->
    [one] { $count } service
   *[other] { $count } services
}
find-some = { $count } des services
find-left-out = { $count ->
    [one] { $count } autre est laissé de côté : ses règles s’y opposent pour cette personne.
   *[other] { $count } autres sont laissés de côté : leurs règles s’y opposent pour cette personne.
}
find-nothing = Rien trouvé
find-empty-directory = Le répertoire ne contient encore aucun service. Ceux qui le tiennent les y mettent.
find-no-such-place = Aucun lieu ne s’appelle « { $place } » ici. Choisissez-en un dans la liste, ou laissez vide.
find-blame-text = Ce sont les mots qui ne laissent rien.
find-blame-service = C’est le besoin qui ne laisse rien.
find-blame-near = C’est le lieu qui ne laisse rien.
find-blame-person = Il y a des services, et les règles de chacun s’y opposent pour cette personne.
find-blame-doubtful = Ce qu’il y a n’a pas été vérifié depuis longtemps. Confirmez avant d’y orienter quelqu’un.
find-blame-several = Il faut retirer plusieurs filtres pour trouver quelque chose. Retirez-les l’un après l’autre.
find-without-text = { $count ->
    [1000] Au moins { $count } sans les mots
    [one] { $count } sans les mots
   *[other] { $count } sans les mots
}
find-without-service = { $count ->
    [1000] Au moins { $count } pour tout besoin
    [one] { $count } pour tout besoin
   *[other] { $count } pour tout besoin
}
find-without-near = { $count ->
    [1000] Au moins { $count } n’importe où
    [one] { $count } n’importe où
   *[other] { $count } n’importe où
}
find-without-person = { $count ->
    [1000] Au moins { $count } pour tout le monde
    [one] { $count } pour tout le monde
   *[other] { $count } pour tout le monde
}
find-without-doubtful = { $count ->
    [1000] Au moins { $count } que personne n’a vérifiés récemment
    [one] { $count } que personne n’a vérifié récemment
   *[other] { $count } que personne n’a vérifiés récemment
}
find-look = Comment orienter
find-reach = Comment le joindre
find-pages = Pages de résultats
find-next = Suivant
find-own-area = Voici ce qui dessert { $place }, où travaille votre organisation.
find-own-area-without = Tout montrer
find-within = À quelle distance
find-within-any = Ce qui dessert le lieu
find-within-km = À moins de { $km } km
find-within-where = Choisissez un lieu dans la liste pour chercher autour
find-away = { $km ->
    [0] À moins de 1 km
   *[other] À environ { $km } km
}
find-away-under = À moins de { $to } km
find-away-between = Entre { $from } et { $to } km
find-away-over = À plus de { $from } km
find-serves-remote = Par téléphone ou en ligne
find-serves-country = Dessert tout le pays
find-serves-area = Dessert la zone
find-blame-within = C’est la distance qui ne laisse rien.
find-without-within = { $count ->
    [1000] Au moins { $count } n’importe où
    [one] { $count } n’importe où
   *[other] { $count } n’importe où
}
map-view = Affichage
map-list = Liste
map-map = Carte
map-title = Carte des résultats
map-description = Les numéros sont ceux de la liste. Là où des repères se toucheraient, un seul les remplace et dit combien. La liste contient tout.
map-scale = { $length } km
map-looks = De quelle distance regarder
map-closer = Voir de plus près
map-farther = Voir de plus loin
map-outside = { $count ->
    [one] { $count } service de la liste est en dehors de cette partie
   *[other] { $count } services de la liste sont en dehors de cette partie
}
map-several = { $count } services proches les uns des autres : { $names }
map-not-shown = Lieu non montré sur la carte
map-nothing = Aucun de ces lieux ne peut être montré sur une carte. La liste les contient tous.
map-listed = Ce qui a été trouvé
map-disclaimer = Les numéros sont ceux de la liste. Un carreau est aussi long que la barre. Les frontières ne sont pas montrées. Les positions sont celles données par les prestataires et n’impliquent la reconnaissance d’aucune frontière ni d’aucun nom.
