days = { $n ->
    [one] { $n } Tag
   *[other] { $n } Tage
}
ago = { $n ->
    [0] heute
    [1] gestern
   *[other] vor { $n } Tagen
}
hours = { $n ->
    [0] eben
    [1] vor einer Stunde
   *[other] vor { $n } Stunden
}
times = { $n ->
    [0] noch nicht
    [1] einmal
    [2] zweimal
   *[other] { $n }-mal
}
often = { $n ->
    [0] jeden Tag
    [1] jeden Tag
   *[other] etwa alle { $n } Tage
}
date = d. MMMM
time = HH:mm
when = { $date } um { $time } Uhr
and = { $most } und { $last }
line = { $quantity } × { $name }

rhythm = Sie kaufen { $often } { $family }, zuletzt { $ago }
execution-unsaid = Vielleicht brauchen Sie es wieder
execution-approve = { $why }: Sollen wir { $what } bestellen? Wir fragen bis zum { $when }.
execution-veto = { $why }. Deshalb bestellen wir { $what } für Sie am { $when }, wenn Sie es nicht anhalten.
execution-silent = { $why }. Deshalb bestellen wir { $what } für Sie, wie Sie es unterschrieben haben.
priced = { $lines } für { $total }
request-that = das
request-options = Sie haben nach „{ $asked }“ gefragt: Hier ist unsere Auswahl.
request-nothing = Zu „{ $asked }“ haben wir gerade nichts; vielleicht passt stattdessen etwas hiervon.
order-ready = Ihre Bestellung liegt zum Bestätigen bereit: { $lines }
order-ready-priced = Ihre Bestellung liegt zum Bestätigen bereit: { $lines }, zusammen { $total }
unmet-unnamed = Das Gewünschte
unmet = { $name } ist nicht vorrätig
unmet-substitute = { $name } ist nicht vorrätig, { $other } könnte es ersetzen
curate-browsed = Sie haben sich kürzlich { $family } angesehen: Hier ist eine Auswahl.
curate-rhythm = { $why }: Hier ist eine Auswahl.
curate-habits = Hier ist, was Sie oft kaufen, und was dazu passt.
curate-cold = Wir kennen Ihre Gewohnheiten nicht; hier ist, was die meisten wählen.
respond-order = { $lines } können Sie jederzeit bestellen.
respond-order-because = { $why }: { $lines } können Sie jederzeit bestellen.
respond-rhythm = { $why }: Sagen Sie uns, wann Sie es möchten.
respond-habits = Gerade scheint nichts fällig zu sein; hier ist, was Sie oft kaufen.
respond-cold = Sagen Sie uns, was Sie brauchen.

goal-spend_less = Von den { $target }, die Sie sich für { $category } gesetzt haben, sind { $spent } ausgegeben; verbleibende Zeit: { $left }.
goal-buy_more = Sie wollten { $family } { $target }-mal in { $period } Tagen kaufen und haben es { $times } getan; verbleibende Zeit: { $left }.
goal-not_run_out = { $family } sollte Ihnen nicht ausgehen: Sie haben es { $ago } gekauft. So lange reicht es Ihnen gewöhnlich: { $lasts }.

offer-buys_every = { $n ->
    [0] Sie kaufen es jeden Tag.
    [1] Sie kaufen es jeden Tag.
   *[other] Sie kaufen es etwa alle { $n } Tage.
}
offer-bought_once = Sie haben es { $ago } gekauft.
offer-bought = Sie haben es an { $n } Tagen gekauft, zuletzt { $ago }.
offer-with = Wer { $name } kauft, kauft auch dies.
offer-tastes_like = Es passt zu dem, was Sie sonst kaufen.
offer-popular = Es steht auf Platz { $place } dessen, was gerade am meisten gekauft wird.
offer-popular_among = Es steht auf Platz { $place } dessen, was in { $category } gerade am meisten gekauft wird.
offer-popular_unplaced = Viele kaufen es.
offer-popular_in = Viele, die { $family } möchten, nehmen es.
offer-same_family = Es ist ebenfalls { $family }.
offer-in_catalogue = Wir führen es; sonst spricht noch nichts dafür.
offer-in_cart = Sie haben es { $ago } in den Warenkorb gelegt.
offer-looked_at = Sie haben es sich { $ago } angesehen.
offer-told_of = Sie haben { $ago } jemandem davon erzählt.
offer-like_looked_at = Es ist von der gleichen Art wie { $name }, das Sie sich angesehen haben.
offer-placed = Der Händler stellt es hier heraus.

placed = Für Sie bestellt: { $lines }, zusammen { $total }.
refused = Nicht bestellt: { $lines }, denn { $why }.
because-out_of_stock = es ist nicht vorrätig
because-item-unavailable = es ist nicht zu haben
because-price_changed = der Preis hat sich geändert
because-item-price_risen = der Preis ist gestiegen
because-payment_failed = die Zahlung ist fehlgeschlagen
because-failed = die Bestellung kam beim Händler nicht an
because-mandate-budget = Ihr Budget würde überschritten
because-mandate-price_high = der Preis liegt über dem, was Sie erlaubt haben
because-else = nach Ihren Einstellungen geht es gerade nicht

plain = Das trifft gerade nicht zu.
ceiling = Sie haben gesagt, wie viel für Sie getan werden darf: höchstens „{ $ceiling }“.
ceiling-unstated = Sie haben nicht gesagt, dass mehr für Sie getan werden darf, als Sie vorher zu fragen.
rung-respond = antworten
rung-curate = auswählen
rung-coach = erinnern
rung-approve = vorher fragen
rung-veto = ankündigen
rung-silent = stillschweigend bestellen
reached-advise = zu erinnern
reached-ask = vorher zu fragen
reached-announce = es anzukündigen
consents-personalization = Sie haben uns nicht erlaubt, Ihre Bestellungen zu nutzen.
consents-coaching = Sie haben uns nicht erlaubt, Ihnen bei Ihren Zielen zu helfen.
consents-automation = Sie haben uns nicht erlaubt, für Sie zu bestellen.
preferences-paused = Sie haben um eine Pause gebeten.
phase-asked = Sie kaufen gerade ein; daneben wird nichts begonnen.
phase-order_ready = Was Sie wollten, liegt bereit; es gibt nichts auszuwählen.
goals-none = Zu keinem Ihrer Ziele ist gerade etwas zu sagen.
goal-no_purchase = Ihr Ziel ist hier nicht, etwas zu kaufen.
offers-none = Hierzu gibt es nichts zu zeigen.
forecast-none = Wir kennen Ihren Rhythmus hierfür nicht gut genug.
execution-open = Eine Bestellung hiervon ist schon unterwegs.
execution-this_cycle = Seit Ihrem letzten Kauf haben wir Sie hierauf schon angesprochen.
execution-early = Sie haben es erst vor { $since_days } Tagen gekauft, gewöhnlich alle { $every_days }.
execution-recent = Wir haben es erst kürzlich für Sie bestellt.
item-unavailable = Es ist nicht vorrätig, und nichts von Ihnen Genanntes darf es ersetzen.
item-excluded = Es ist aus dem Gewünschten ausgenommen.
item-price_unknown = Sein Preis ist nicht bekannt.
item-price_risen = Es kostet jetzt { $now }; angekündigt waren { $announced }.
approval-missing = Sie haben nicht ja dazu gesagt.
mandate-missing = Sie haben nicht unterschrieben, dass dies ungefragt bestellt wird.
mandate-expired = Was Sie hierfür unterschrieben haben, ist abgelaufen.
mandate-revoked = Sie haben zurückgenommen, was Sie hierfür unterschrieben hatten.
mandate-not_yet = Was Sie hierfür unterschrieben haben, gilt noch nicht.
mandate-item = Für diesen Artikel haben Sie nicht unterschrieben.
mandate-max_quantity = Sie haben für höchstens { $signed } auf einmal unterschrieben; es wären { $asked }.
mandate-price_low = Es kostet { $asked }, weniger als die { $signed }, für die Sie unterschrieben haben.
mandate-price_high = Es kostet { $asked }, mehr als die { $signed }, für die Sie unterschrieben haben.
mandate-order_limit = Es käme auf { $asked }, mehr als die { $signed }, die Sie für eine Bestellung unterschrieben haben.
mandate-budget = { $before } sind ausgegeben; mit weiteren { $asked } wären die { $signed }, für die Sie unterschrieben haben, überschritten.
mandate-earliest_interval = Sie wollten mehr Zeit zwischen zwei Bestellungen hiervon.
mandate-currency = Der Preis steht in { $asked }, unterschrieben haben Sie in { $signed }.
mandate-price_unknown = Sein Preis ist nicht bekannt.
certificate-missing = Noch ist nicht belegt, dass ungefragtes Bestellen oft genug richtig wäre.
certificate-shut = Noch ist nicht belegt, dass ungefragtes Bestellen in { $promise } der Fälle richtig wäre.
certificate-below = Wir sind zu { $probability } sicher, dass Sie es brauchen, und bestellen ungefragt erst ab { $threshold }.
ladder-step = Sie hatten noch nicht genug solche Bestellungen, um mehr zu tun als { $reached }.
ladder-rest = Sie haben kürzlich eine solche Bestellung angehalten oder zurückgeschickt; wir halten uns bis { $until } zurück.
conduct-agency = Sie scheinen das gern selbst zu entscheiden.
conduct-trust = Wir müssen Ihr Vertrauen erst verdienen.
conduct-incidents = Kürzlich ging mehr als eine Bestellung schief; deshalb fragen wir vorher.
attention-spent = Sie hören diese Woche { $messages }-mal von uns, und das ist genug.
probability-low = Es ist nicht wahrscheinlich genug, dass Sie es jetzt brauchen.
value-low = Es würde Ihnen kaum helfen.
need-met = Sie haben es inzwischen selbst gekauft.
need-none_likely = Gerade scheint nichts fällig zu sein.
gateway-failing = Bestellungen kommen gerade nicht durch.
stop = Bestellungen sind gerade angehalten.
execution-silent-later = { $why }. Deshalb bestellen wir { $what } für Sie am { $when }, wie Sie es unterschrieben haben.
left-out = { $lines }, denn { $why }
left-out-rest = Nicht bestellt: { $lines }. Der Rest der Bestellung geht weiter.
unpaid = Die Zahlung für { $lines } ist fehlgeschlagen. Wir versuchen es am { $when } noch einmal.
costs = { $name } kostet { $price }
costs-now = { $name } kostet jetzt { $price }, angekündigt waren { $announced }
test-order = Testbestellung, nichts wird berechnet.
because-mandate-order_limit = die Bestellung läge über der Grenze, die Sie gesetzt haben
because-mandate-missing = Sie haben nicht dafür unterschrieben
because-mandate-expired = was Sie dafür unterschrieben haben, ist abgelaufen
because-mandate-revoked = Sie haben zurückgenommen, was Sie dafür unterschrieben hatten
because-consents-automation = Sie haben zurückgenommen, dass wir für Sie bestellen dürfen
because-consents-personalization = Sie haben zurückgenommen, dass wir Ihre Bestellungen nutzen dürfen
mandate-window = Sie haben für keine nahe Zeit unterschrieben, zu der es bestellt werden darf.
rule-forbid = Wir bestellen dies gerade für niemanden ungefragt.
rule-require_approval = Bevor wir dies bestellen, fragen wir jeden.
rule-raise_gate = Wir sind zu { $probability } sicher, dass Sie es brauchen, und wollen hier sicherer sein.
rule-cap = Wir bestellen hiervon in einem Zeitraum nur eine bestimmte Menge, und die ist erreicht.
rule-failed = Bei uns muss erst etwas geprüft werden, bevor wir dies bestellen.
because-rule = wir bestellen es gerade für niemanden auf diese Weise
mask-respond = Hierzu wird niemand ungefragt angesprochen.
mask-curate = Dies wird denen gezeigt, die es wollen könnten, und nie empfohlen oder bestellt.
mask-coach = Dies bestellen wir für niemanden.
mask-approve = Dies wird nie bestellt, ohne vorher zu fragen.
watch-shut = Kürzlich waren zu viele ungefragte Bestellungen falsch; bis auf Weiteres fragen wir alle vorher.
execution-stale = Für diese Bestellung ist es zu spät.
because-watch-shut = kürzlich waren zu viele ungefragte Bestellungen falsch
because-mask-coach = dies wird für niemanden mehr bestellt
because-mask-approve = dies wird nicht mehr ungefragt bestellt
line-priced = { $quantity } × { $name } zu { $price }
priced-several = { $lines } (zusammen { $total })
arrives = Die Lieferung ist für den { $arrival } vorgesehen.
arrival-hours = { $date }, { $start } bis { $end } Uhr
arrival-named = { $date } ({ $slot })
order-unsaid = { $ready }; wann sie ankäme, können wir nicht sagen
order-late = { $ready }; bis { $wanted } kann sie nicht da sein, aber am { $arrival }
order-arrives = { $ready }; bis { $until } bestätigt, kommt sie am { $arrival } an
placed-arrives = Für Sie bestellt: { $lines }, zusammen { $total }; die Lieferung kommt am { $arrival }.
preferences-was_paused = Es wurde fällig, während Sie eine Pause hatten.
because-preferences-was_paused = es wurde während Ihrer Pause fällig
tap-title = Ihre Bestellung
tap-yes = Ja
tap-each = { $name } zu je { $price }
tap-ask-approve = { $what } bestellen?
tap-ask-veto = Die Bestellung von { $what } anhalten?
tap-ask-skip = { $what } diesmal auslassen?
tap-ask-snooze = { $what } später bestellen, um { $argument }?
tap-ask-swap = { $other } statt { $what }?
tap-ask-change = { $argument } statt { $what }?
tap-done-approve = Ihre Bestellung ist unterwegs: { $what }.
tap-done-veto = Die Bestellung ist angehalten.
tap-done-skip = Diesmal wird es ausgelassen.
tap-done-snooze = Bestellt wird am { $when }.
tap-done-swap = Es wird: { $what }.
tap-done-change = Es wird: { $what }.
