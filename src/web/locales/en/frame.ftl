frame-skip = Skip to the content
frame-main = Main
frame-more = More pages
frame-between = ,{" "}
frame-language = Language
frame-sign-out = Sign out
frame-release = Release
frame-for-systems = For other systems
frame-error = Error:
frame-wrong = Something is missing or wrong
frame-key = Key
frame-key-open = Key open
frame-find = Find
frame-inbox = Inbox
frame-sent = Sent
frame-cases = Cases
frame-disclosures = Disclosures
frame-overdue = Overdue
frame-moment = { $day }, { $time } UTC
frame-day = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
role-case-worker = Case worker
role-intake = Intake worker
role-administrator = Administrator
role-data-protection = Data protection
role-coordinator = Coordinator
role-operator = Operator
frame-ends-own = Your key, or that of this device, ends on { $day }. Ask a key holder of your organisation to renew it before then.
frame-ends-own-over = Your key, or that of this device, ended on { $day }. Until a key holder of your organisation renews it, you can neither open letters nor sign.
frame-ends-readers = Keys that letters to your organisation are sealed to end on { $day }. Ask a key holder of your organisation to renew them before then.
frame-ends-readers-over = Keys that letters to your organisation are sealed to ended on { $day }. Until a key holder of your organisation renews them, nobody can write to you.
frame-ends-go = Renew keys
frame-to-go = Letters that were sealed on this device and could not be sent yet: { $count }. They go by themselves as soon as the hub can be reached and a page is open here.
frame-gone = Letters that had waited on this device and are sent now: { $count }.
offline-title = The hub cannot be reached
offline-help = There is no network at the moment, or the hub does not answer. Nothing on this device is lost. If it is urgent, call.
offline-again = Try again
offline-drafts = What you began to write is kept on this device. It is offered when you open its page again with the hub in reach.
