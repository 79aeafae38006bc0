frame-skip = Aller au contenu
frame-main = Principal
frame-more = Autres pages
frame-between = ,{" "}
frame-language = Langue
frame-sign-out = Se déconnecter
frame-release = Version
frame-for-systems = Pour d’autres systèmes
frame-error = Erreur :
frame-wrong = Il manque quelque chose, ou quelque chose ne va pas
frame-key = Clé
frame-key-open = Clé ouverte
frame-find = Chercher
frame-inbox = Reçues
frame-sent = Envoyées
frame-cases = Dossiers
frame-disclosures = Divulgations
frame-overdue = En retard
frame-moment = { $day }, { $time } UTC
frame-day = { $day } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }
role-case-worker = Assistant social
role-intake = Chargé d’accueil
role-administrator = Administrateur
role-data-protection = Protection des données
role-coordinator = Coordinateur
role-operator = Exploitant
frame-ends-own = Votre clé, ou celle de cet appareil, expire le { $day }. Demandez à un gardien des clés de votre organisation de la renouveler avant cette date.
frame-ends-own-over = Votre clé, ou celle de cet appareil, a expiré le { $day }. Tant qu’un gardien des clés de votre organisation ne l’a pas renouvelée, vous ne pouvez ni ouvrir de lettres ni signer.
frame-ends-readers = Des clés pour lesquelles les lettres à votre organisation sont scellées expirent le { $day }. Demandez à un gardien des clés de votre organisation de les renouveler avant cette date.
frame-ends-readers-over = Des clés pour lesquelles les lettres à votre organisation sont scellées ont expiré le { $day }. Tant qu’un gardien des clés de votre organisation ne les a pas renouvelées, personne ne peut vous écrire.
frame-ends-go = Renouveler les clés
frame-to-go = Lettres scellées sur cet appareil et pas encore envoyées : { $count }. Elles partent d’elles-mêmes dès que le nœud est joignable et qu’une page est ouverte ici.
frame-gone = Lettres qui attendaient sur cet appareil et qui sont envoyées maintenant : { $count }.
offline-title = Le nœud n’est pas joignable
offline-help = Il n’y a pas de réseau pour l’instant, ou le nœud ne répond pas. Rien n’est perdu sur cet appareil. Si c’est urgent, téléphonez.
offline-again = Réessayer
offline-drafts = Ce que vous avez commencé à écrire est gardé sur cet appareil. Il vous est proposé quand vous ouvrez à nouveau sa page et que le nœud est joignable.
