find-title = Find a service
find-search = Search
find-need = What is needed
find-any-need = Anything
find-near = Where
find-text = Words
find-button = Search
find-person = Does it fit this person?
find-person-label = About this person
find-person-kept = Used for this search only. It is kept nowhere, and stands in no address.
find-age = Age in years
find-bad-age = Write the age as a number of years, such as 17
find-speaks = Language they speak
find-speaks-help = Its short code, such as ar, fr or sw
find-sex = Sex
find-sex-female = Female
find-sex-male = Male
find-sex-other = Other
find-population = Also true, as far as known
find-check = Check the fit
find-count = { $count ->
    [one] { $count } service
   *[other] { $count } services
}
find-some = { $count } of the services
find-left-out = { $count ->
    [one] { $count } more is left out: its rules are against it for this person.
   *[other] { $count } more are left out: their rules are against it for this person.
}
find-nothing = Nothing found
find-empty-directory = The directory holds no services yet. Those who keep it bring them in.
find-no-such-place = No place is called “{ $place }” here. Choose one from the list, or leave it empty.
find-blame-text = It is the words that leave nothing.
find-blame-service = It is the need that leaves nothing.
find-blame-near = It is the place that leaves nothing.
find-blame-person = There are services, and the rules of each are against it for this person.
find-blame-doubtful = What there is has not been checked for a long time. Confirm it before you refer anybody there.
find-blame-several = Nothing is found without several of the filters. Take out one after another.
find-without-text = { $count ->
    [1000] At least { $count } without the words
    [one] { $count } without the words
   *[other] { $count } without the words
}
find-without-service = { $count ->
    [1000] At least { $count } for any need
    [one] { $count } for any need
   *[other] { $count } for any need
}
find-without-near = { $count ->
    [1000] At least { $count } anywhere
    [one] { $count } anywhere
   *[other] { $count } anywhere
}
find-without-person = { $count ->
    [1000] At least { $count } for anybody
    [one] { $count } for anybody
   *[other] { $count } for anybody
}
find-without-doubtful = { $count ->
    [1000] At least { $count } that nobody has checked lately
    [one] { $count } that nobody has checked lately
   *[other] { $count } that nobody has checked lately
}
find-look = How to refer
find-reach = How to reach it
find-pages = Pages of results
find-next = Next
find-own-area = Shown is what serves { $place }, where your organisation works.
find-own-area-without = Show everything
find-within = How far
find-within-any = What serves the place
find-within-km = Within { $km } km
find-within-where = Choose a place from the list to search around it
find-away = { $km ->
    [0] Less than 1 km away
   *[other] About { $km } km away
}
find-away-under = Less than { $to } km away
find-away-between = Between { $from } and { $to } km away
find-away-over = More than { $from } km away
find-serves-remote = By telephone or online
find-serves-country = Serves the whole country
find-serves-area = Serves the area
find-blame-within = It is the distance that leaves nothing.
find-without-within = { $count ->
    [1000] At least { $count } anywhere
    [one] { $count } anywhere
   *[other] { $count } anywhere
}
map-view = View
map-list = List
map-map = Map
map-title = Map of the results
map-description = Numbers match the list. Where marks would touch, one stands for all and says how many. The list holds everything.
map-scale = { $length } km
map-looks = How close to look
map-closer = Look closer
map-farther = Look from farther away
map-outside = { $count ->
    [one] { $count } service of the list lies outside of this part
   *[other] { $count } services of the list lie outside of this part
}
map-several = { $count } services close together: { $names }
map-not-shown = Place not shown on the map
map-nothing = None of these places can be shown on a map. The list holds all of them.
map-listed = What was found
map-disclaimer = Numbers match the list. Squares are as long as the bar. Borders are not shown. Positions are as providers gave them and imply no endorsement of any boundary or name.
