# What customers are told. The same keys stand in every file; a key that a language lacks is said in the next one.
# Facts: families, names and money come as they are; numbers come as numbers.

days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
ago = { $n ->
    [0] today
    [1] yesterday
   *[other] { $n } days ago
}
hours = { $n ->
    [0] a moment ago
    [1] an hour ago
   *[other] { $n } hours ago
}
times = { $n ->
    [0] not yet
    [1] once
    [2] twice
   *[other] { $n } times
}
often = { $n ->
    [0] every day
    [1] every day
   *[other] about every { $n } days
}
date = d MMMM
time = HH:mm
when = { $time } on { $date }
and = { $most } and { $last }
line = { $quantity } × { $name }

## Why a customer is given what they are given

rhythm = You buy { $family } { $often } and last did { $ago }
execution-unsaid = You may need it again
execution-approve = { $why }: shall we order { $what }? We ask until { $when }.
execution-veto = { $why }, so { $what } will be ordered for you at { $when } unless you stop it.
execution-silent = { $why }, so { $what } is being ordered for you, as you signed for.
priced = { $lines } for { $total }
request-that = that
request-options = You asked for “{ $asked }”: here is what we have, to choose from.
request-nothing = We have nothing for “{ $asked }” now; here is what might suit you instead.
order-ready = Your order is ready to confirm: { $lines }
order-ready-priced = Your order is ready to confirm: { $lines }, { $total } in all
unmet-unnamed = what you asked for
unmet = { $name } is out of stock
unmet-substitute = { $name } is out of stock, { $other } could stand in for it
curate-browsed = You looked at { $family } lately: here are some to choose from.
curate-rhythm = { $why }: here are some to choose from.
curate-habits = Here is what you often buy, and what goes with it.
curate-cold = We do not know your habits, so here is what most customers choose.
respond-order = { $lines } can be ordered whenever you like.
respond-order-because = { $why }: { $lines } can be ordered whenever you like.
respond-rhythm = { $why }: tell us when you want it.
respond-habits = Nothing seems to be due for you, so here is what you often buy.
respond-cold = Tell us what you need.

## A word on a goal of the customer's own

goal-spend_less = You have spent { $spent } of the { $target } you set yourself for { $category }, with { $left } to go.
goal-buy_more = You wanted to buy { $family } { $target } times in { $period } days and have done so { $times }, with { $left } to go.
goal-not_run_out = You did not want to run out of { $family }: you bought it { $ago }, and it usually lasts you about { $lasts }.

## What an offer has for it

offer-buys_every = { $n ->
    [0] You buy it every day.
    [1] You buy it every day.
   *[other] You buy it about every { $n } days.
}
offer-bought_once = You bought it { $ago }.
offer-bought = You bought it on { $n } days, the last time { $ago }.
offer-with = It is bought by those who buy { $name }.
offer-tastes_like = It suits what you buy otherwise.
offer-popular = It is number { $place } of what customers buy most lately.
offer-popular_among = It is number { $place } of what customers buy most lately in { $category }.
offer-popular_unplaced = Many customers buy it.
offer-popular_in = Many customers who want { $family } take it.
offer-same_family = It is { $family } too.
offer-in_catalogue = We have it; nothing else speaks for it yet.
offer-in_cart = You put it in your cart { $ago }.
offer-looked_at = You looked at it { $ago }.
offer-told_of = You told somebody of it { $ago }.
offer-like_looked_at = It is of the same kind as { $name }, which you looked at.
offer-placed = The shop put it forward here.

## What became of an order

placed = Ordered for you: { $lines }, { $total } in all.
refused = Not ordered: { $lines }, because { $why }.
because-out_of_stock = it is out of stock
because-item-unavailable = it is not available
because-price_changed = its price has changed
because-item-price_risen = its price has risen
because-payment_failed = the payment did not go through
because-failed = it did not arrive at the shop
because-mandate-budget = the budget you set would be exceeded
because-mandate-price_high = its price is above what you allowed
because-else = what you set does not allow it now

## What kept the rest away

plain = This does not apply now.
ceiling = You said how much may be done for you: at most { $ceiling }.
ceiling-unstated = You have not said that more may be done for you than to ask you first.
rung-respond = respond
rung-curate = curate
rung-coach = coach
rung-approve = approve
rung-veto = veto
rung-silent = silent
reached-advise = advise
reached-ask = ask first
reached-announce = announce
consents-personalization = You have not allowed us to use your own orders.
consents-coaching = You have not allowed us to help with your goals.
consents-automation = You have not allowed us to order for you.
preferences-paused = You asked for a pause.
phase-asked = You are shopping right now, so nothing is started beside it.
phase-order_ready = What you asked for is ready, so there is nothing to choose.
goals-none = No goal of yours needs a word now.
goal-no_purchase = Your goal here is not to buy something.
offers-none = There is nothing to show for this.
forecast-none = We do not know your rhythm for this well enough.
execution-open = An order for this is already under way.
execution-this_cycle = We already came to you with this since you last bought it.
execution-early = You bought it only { $since_days } days ago, and usually do every { $every_days }.
execution-recent = We ordered this for you only lately.
item-unavailable = It is out of stock, and nothing you named may stand in for it.
item-excluded = It is left out of what was asked for.
item-price_unknown = Its price is not known.
item-price_risen = It costs { $now } now, and you were told { $announced }.
approval-missing = You have not said yes to it.
mandate-missing = You have not signed for this to be ordered unasked.
mandate-expired = What you signed for this has run out.
mandate-revoked = You took back what you signed for this.
mandate-not_yet = What you signed for this is not in force yet.
mandate-item = You did not sign for this item.
mandate-max_quantity = You signed for at most { $signed } at a time, and this would be { $asked }.
mandate-price_low = It costs { $asked }, below the { $signed } you signed for.
mandate-price_high = It costs { $asked }, above the { $signed } you signed for.
mandate-order_limit = It would come to { $asked }, above the { $signed } you signed for one order.
mandate-budget = With the { $before } already spent, { $asked } more would be above the { $signed } you signed for.
mandate-earliest_interval = You asked for more time between two orders of this.
mandate-currency = It is priced in { $asked }, and you signed in { $signed }.
mandate-price_unknown = Its price is not known.
certificate-missing = There is no proof yet that ordering unasked would be right often enough.
certificate-shut = There is no proof yet that ordering unasked would be right { $promise } of the time.
certificate-below = We are { $probability } sure that you need it, and order unasked only from { $threshold } on.
ladder-step = You have not had enough of these orders yet for us to do more than to { $reached }.
ladder-rest = You stopped or returned such an order lately, so we hold back until { $until }.
conduct-agency = You seem to like to decide this yourself.
conduct-trust = We have to earn your trust first.
conduct-incidents = More than one order went wrong lately, so we ask first.
attention-spent = You hear from us { $messages } times this week, and that is enough.
probability-low = It is not likely enough that you need it now.
value-low = It would hardly help you.
need-met = You bought it yourself in the meantime.
need-none_likely = Nothing seems to be due for you.
gateway-failing = Orders do not get through at the moment.
stop = Orders are stopped at the moment.
execution-silent-later = { $why }, so { $what } will be ordered for you at { $when }, as you signed for.
left-out = { $lines }, because { $why }
left-out-rest = Not ordered: { $lines }. The rest of the order goes on.
unpaid = The payment for { $lines } did not go through. We try again at { $when }.
costs = { $name } costs { $price }
costs-now = { $name } costs { $price } now, and you were told { $announced }
test-order = Test order, nothing is charged.
because-mandate-order_limit = the order would be above the limit you set
because-mandate-missing = you have not signed for it
because-mandate-expired = what you signed for it has run out
because-mandate-revoked = you took back what you signed for it
because-consents-automation = you took back that we may order for you
because-consents-personalization = you took back that we may use your orders
mandate-window = You signed for no time soon at which it may be ordered.
rule-forbid = We do not order this for anybody unasked now.
rule-require_approval = We ask everybody first before we order this.
rule-raise_gate = We are { $probability } sure that you need it, and for this we want to be surer.
rule-cap = We order only so much of this in one stretch of time, and that is reached.
rule-failed = Something at our side has to be looked at before we order this.
because-rule = we do not order it for anybody in this way now
mask-respond = Nobody is spoken to about this unasked.
mask-curate = This is shown to those who may want it, and never urged or ordered.
mask-coach = This is never ordered for anybody by us.
mask-approve = This is never ordered without asking first.
watch-shut = Too many orders made unasked went wrong lately, so everybody is asked first for now.
execution-stale = It is too late for this order.
because-watch-shut = too many orders made unasked went wrong lately
because-mask-coach = this is no longer ordered for anybody
because-mask-approve = this is no longer ordered unasked
line-priced = { $quantity } × { $name } at { $price }
priced-several = { $lines }, { $total } in all,
arrives = It is to arrive on { $arrival }.
arrival-hours = { $date }, { $start } to { $end }
arrival-named = { $date } ({ $slot })
order-unsaid = { $ready }; we cannot say when it would arrive
order-late = { $ready }; it cannot be there by { $wanted }, but on { $arrival }
order-arrives = { $ready }; confirmed by { $until }, it arrives on { $arrival }
placed-arrives = Ordered for you: { $lines }, { $total } in all, to arrive on { $arrival }.
preferences-was_paused = It fell due while you had a pause.
because-preferences-was_paused = it fell due while you had a pause
tap-title = Your order
tap-yes = Yes
tap-each = { $name } for { $price } each
tap-ask-approve = Order { $what }?
tap-ask-veto = Stop the order of { $what }?
tap-ask-skip = Leave out { $what } this time?
tap-ask-snooze = Order { $what } later, by { $argument }?
tap-ask-swap = Have { $other } instead of { $what }?
tap-ask-change = Have { $argument } instead of { $what }?
tap-done-approve = Your order is on its way: { $what }.
tap-done-veto = The order is stopped.
tap-done-skip = It is left out this time.
tap-done-snooze = It will be ordered at { $when }.
tap-done-swap = It will be { $what }.
tap-done-change = It will be { $what }.
