days = { $n ->
    [one] { $n } jour
   *[other] { $n } jours
}
ago = { $n ->
    [0] aujourd’hui
    [1] hier
   *[other] il y a { $n } jours
}
hours = { $n ->
    [0] à l’instant
    [1] il y a une heure
   *[other] il y a { $n } heures
}
times = { $n ->
    [0] pas encore
    [1] une fois
    [2] deux fois
   *[other] { $n } fois
}
often = { $n ->
    [0] tous les jours
    [1] tous les jours
   *[other] tous les { $n } jours environ
}
date = d MMMM
time = HH:mm
when = { $date } à { $time }
and = { $most } et { $last }
line = { $quantity } × { $name }

rhythm = Vous achetez { $family } { $often }, la dernière fois { $ago }
execution-unsaid = Vous pourriez en avoir de nouveau besoin
execution-approve = { $why } : faut-il commander { $what } ? Nous attendons votre réponse jusqu’au { $when }.
execution-veto = { $why } : { $what } sera commandé pour vous le { $when }, sauf si vous l’arrêtez.
execution-silent = { $why } : { $what } est commandé pour vous, comme vous l’avez signé.
priced = { $lines } pour { $total }
request-that = cela
request-options = Vous avez demandé « { $asked } » : voici ce que nous avons.
request-nothing = Nous n’avons rien pour « { $asked } » en ce moment ; ceci pourrait vous convenir.
order-ready = Votre commande est prête à être confirmée : { $lines }
order-ready-priced = Votre commande est prête à être confirmée : { $lines }, { $total } en tout
unmet-unnamed = ce que vous avez demandé
unmet = { $name } n’est pas en stock
unmet-substitute = { $name } n’est pas en stock, { $other } pourrait le remplacer
curate-browsed = Vous avez regardé { $family } récemment : voici un choix.
curate-rhythm = { $why } : voici un choix.
curate-habits = Voici ce que vous achetez souvent, et ce qui va avec.
curate-cold = Nous ne connaissons pas vos habitudes ; voici ce que la plupart choisissent.
respond-order = { $lines } : à commander quand vous voulez.
respond-order-because = { $why } : { $lines }, à commander quand vous voulez.
respond-rhythm = { $why } : dites-nous quand vous le voulez.
respond-habits = Rien ne semble attendu en ce moment ; voici ce que vous achetez souvent.
respond-cold = Dites-nous ce qu’il vous faut.

goal-spend_less = Des { $target } que vous vous êtes fixés pour { $category }, { $spent } sont dépensés ; temps restant : { $left }.
goal-buy_more = Vous vouliez acheter { $family } { $target } fois en { $period } jours ; c’est fait : { $times } ; temps restant : { $left }.
goal-not_run_out = Vous ne vouliez pas manquer de { $family } : dernier achat { $ago } ; d’habitude, cela vous dure environ { $lasts }.

offer-buys_every = { $n ->
    [0] Vous l’achetez tous les jours.
    [1] Vous l’achetez tous les jours.
   *[other] Vous l’achetez tous les { $n } jours environ.
}
offer-bought_once = Vous l’avez acheté { $ago }.
offer-bought = Vous l’avez acheté { $n } jours, la dernière fois { $ago }.
offer-with = Ceux qui achètent { $name } l’achètent aussi.
offer-tastes_like = Cela va avec vos autres achats.
offer-popular = C’est le numéro { $place } des achats du moment.
offer-popular_among = C’est le numéro { $place } des achats du moment en { $category }.
offer-popular_unplaced = Beaucoup de clients l’achètent.
offer-popular_in = Beaucoup de ceux qui veulent { $family } le prennent.
offer-same_family = C’est aussi { $family }.
offer-in_catalogue = Nous l’avons ; rien d’autre ne parle encore pour lui.
offer-in_cart = Vous l’avez mis dans votre panier { $ago }.
offer-looked_at = Vous l’avez regardé { $ago }.
offer-told_of = Vous en avez parlé à quelqu’un { $ago }.
offer-like_looked_at = C’est du même genre que { $name }, que vous avez regardé.
offer-placed = Le magasin le met en avant ici.

placed = Commandé pour vous : { $lines }, { $total } en tout.
refused = Pas commandé : { $lines }, car { $why }.
because-out_of_stock = ce n’est pas en stock
because-item-unavailable = ce n’est pas disponible
because-price_changed = le prix a changé
because-item-price_risen = le prix a augmenté
because-payment_failed = le paiement n’a pas abouti
because-failed = la commande n’est pas arrivée au magasin
because-mandate-budget = votre budget serait dépassé
because-mandate-price_high = le prix dépasse ce que vous avez permis
because-else = vos réglages ne le permettent pas en ce moment

plain = Cela ne s’applique pas en ce moment.
ceiling = Vous avez dit jusqu’où agir pour vous : au plus « { $ceiling } ».
ceiling-unstated = Vous n’avez pas dit que l’on peut faire plus que vous demander d’abord.
rung-respond = répondre
rung-curate = proposer
rung-coach = rappeler
rung-approve = demander d’abord
rung-veto = annoncer
rung-silent = commander sans rien dire
reached-advise = rappeler
reached-ask = demander d’abord
reached-announce = l’annoncer
consents-personalization = Vous ne nous avez pas permis d’utiliser vos commandes.
consents-coaching = Vous ne nous avez pas permis de vous aider dans vos objectifs.
consents-automation = Vous ne nous avez pas permis de commander pour vous.
preferences-paused = Vous avez demandé une pause.
phase-asked = Vous faites vos achats en ce moment ; rien d’autre n’est commencé.
phase-order_ready = Ce que vous avez demandé est prêt ; il n’y a rien à choisir.
goals-none = Aucun de vos objectifs n’appelle un mot en ce moment.
goal-no_purchase = Votre objectif ici n’est pas d’acheter.
offers-none = Il n’y a rien à montrer pour cela.
forecast-none = Nous ne connaissons pas assez bien votre rythme pour cela.
execution-open = Une commande de ceci est déjà en cours.
execution-this_cycle = Nous vous en avons déjà parlé depuis votre dernier achat.
execution-early = Vous l’avez acheté il y a seulement { $since_days } jours, d’habitude tous les { $every_days }.
execution-recent = Nous l’avons commandé pour vous tout récemment.
item-unavailable = Ce n’est pas en stock, et rien de ce que vous avez nommé ne peut le remplacer.
item-excluded = C’est exclu de ce qui a été demandé.
item-price_unknown = Son prix n’est pas connu.
item-price_risen = Cela coûte { $now } maintenant ; { $announced } vous avaient été annoncés.
approval-missing = Vous n’avez pas dit oui.
mandate-missing = Vous n’avez pas signé pour que ceci soit commandé sans demander.
mandate-expired = Ce que vous aviez signé pour ceci a pris fin.
mandate-revoked = Vous avez repris ce que vous aviez signé pour ceci.
mandate-not_yet = Ce que vous avez signé pour ceci n’est pas encore en vigueur.
mandate-item = Vous n’avez pas signé pour cet article.
mandate-max_quantity = Vous avez signé pour { $signed } au plus à la fois ; ce serait { $asked }.
mandate-price_low = Cela coûte { $asked }, moins que les { $signed } que vous avez signés.
mandate-price_high = Cela coûte { $asked }, plus que les { $signed } que vous avez signés.
mandate-order_limit = Cela ferait { $asked }, plus que les { $signed } que vous avez signés pour une commande.
mandate-budget = { $before } sont dépensés ; avec { $asked } de plus, les { $signed } que vous avez signés seraient dépassés.
mandate-earliest_interval = Vous avez demandé plus de temps entre deux commandes de ceci.
mandate-currency = Le prix est en { $asked }, et vous avez signé en { $signed }.
mandate-price_unknown = Son prix n’est pas connu.
certificate-missing = Rien ne prouve encore que commander sans demander serait juste assez souvent.
certificate-shut = Rien ne prouve encore que commander sans demander serait juste { $promise } des fois.
certificate-below = Nous sommes sûrs à { $probability } que vous en avez besoin, et ne commandons sans demander qu’à partir de { $threshold }.
ladder-step = Vous n’avez pas encore eu assez de ces commandes pour que nous fassions plus que { $reached }.
ladder-rest = Vous avez récemment arrêté ou renvoyé une telle commande ; nous nous retenons jusqu’au { $until }.
conduct-agency = Vous semblez aimer en décider vous-même.
conduct-trust = Nous devons d’abord gagner votre confiance.
conduct-incidents = Plus d’une commande s’est mal passée récemment ; nous demandons d’abord.
attention-spent = Vous entendez parler de nous { $messages } fois cette semaine, et cela suffit.
probability-low = Il n’est pas assez probable que vous en ayez besoin maintenant.
value-low = Cela ne vous aiderait guère.
need-met = Vous l’avez acheté vous-même entre-temps.
need-none_likely = Rien ne semble attendu en ce moment.
gateway-failing = Les commandes ne passent pas en ce moment.
stop = Les commandes sont arrêtées en ce moment.
execution-silent-later = { $why } : { $what } sera commandé pour vous le { $when }, comme vous l’avez signé.
left-out = { $lines }, car { $why }
left-out-rest = Pas commandé : { $lines }. Le reste de la commande continue.
unpaid = Le paiement de { $lines } n’a pas abouti. Nous réessayons le { $when }.
costs = { $name } coûte { $price }
costs-now = { $name } coûte { $price } maintenant ; { $announced } vous avaient été annoncés
test-order = Commande d’essai, rien n’est débité.
because-mandate-order_limit = la commande dépasserait la limite que vous avez fixée
because-mandate-missing = vous n’avez pas signé pour cela
because-mandate-expired = ce que vous aviez signé pour cela a pris fin
because-mandate-revoked = vous avez repris ce que vous aviez signé pour cela
because-consents-automation = vous avez repris la permission de commander pour vous
because-consents-personalization = vous avez repris la permission d’utiliser vos commandes
mandate-window = Vous n’avez signé pour aucun moment proche où cela peut être commandé.
rule-forbid = Nous ne commandons cela pour personne sans demander en ce moment.
rule-require_approval = Avant de commander cela, nous demandons à chacun.
rule-raise_gate = Nous sommes sûrs à { $probability } que vous en avez besoin, et voulons ici en être plus sûrs.
rule-cap = Nous n’en commandons qu’une certaine quantité sur une période, et elle est atteinte.
rule-failed = Quelque chose doit être vérifié chez nous avant de commander cela.
because-rule = nous ne le commandons pour personne de cette façon en ce moment
mask-respond = Personne n’est abordé à ce sujet sans l’avoir demandé.
mask-curate = Ceci est montré à ceux qui peuvent le vouloir, jamais conseillé ni commandé.
mask-coach = Nous ne commandons ceci pour personne.
mask-approve = Ceci n’est jamais commandé sans demander d’abord.
watch-shut = Trop de commandes faites sans demander étaient fausses récemment ; pour l’instant, nous demandons à tous d’abord.
execution-stale = Il est trop tard pour cette commande.
because-watch-shut = trop de commandes faites sans demander étaient fausses récemment
because-mask-coach = ceci n’est plus commandé pour personne
because-mask-approve = ceci n’est plus commandé sans demander
line-priced = { $quantity } × { $name } à { $price }
priced-several = { $lines } ({ $total } en tout)
arrives = La livraison est prévue pour le { $arrival }.
arrival-hours = { $date }, de { $start } à { $end }
arrival-named = { $date } ({ $slot })
order-unsaid = { $ready } ; nous ne pouvons pas dire quand elle arriverait
order-late = { $ready } ; elle ne peut pas être là pour le { $wanted }, mais le { $arrival }
order-arrives = { $ready } ; confirmée avant le { $until }, elle arrive le { $arrival }
placed-arrives = Commandé pour vous : { $lines }, { $total } en tout ; livraison le { $arrival }.
preferences-was_paused = Cela est arrivé à échéance pendant votre pause.
because-preferences-was_paused = cela est arrivé à échéance pendant votre pause
tap-title = Votre commande
tap-yes = Oui
tap-each = { $name } à { $price } pièce
tap-ask-approve = Commander { $what } ?
tap-ask-veto = Arrêter la commande de { $what } ?
tap-ask-skip = Laisser { $what } de côté cette fois ?
tap-ask-snooze = Commander { $what } plus tard, de { $argument } ?
tap-ask-swap = { $other } au lieu de { $what } ?
tap-ask-change = { $argument } au lieu de { $what } ?
tap-done-approve = Votre commande est en route : { $what }.
tap-done-veto = La commande est arrêtée.
tap-done-skip = C’est laissé de côté cette fois.
tap-done-snooze = Ce sera commandé le { $when }.
tap-done-swap = Ce sera { $what }.
tap-done-change = Ce sera { $what }.
