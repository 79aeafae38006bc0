tray-inbox = الوارد
tray-sent = الصادر
tray-overdue = المتأخر
tray-late = متأخر
tray-today = أجب اليوم
tray-week = أجب لاحقاً
tray-waiting = بانتظار جواب
tray-going = قيد المتابعة
tray-free = لم يتولّ أحد هذه بعد
tray-which = أيها
tray-open = المفتوحة
tray-team = للفريق كله
tray-mine = ما أتولاه وما لم يتولّه أحد
tray-also-ended = المنتهية أيضاً
tray-unread = لم يقرأها أحد بعد
tray-yours = لديك
tray-taken = لدى زميل
tray-with = لدى { $name }
tray-nothing = لا شيء هنا
tray-empty-inbox = ستظهر هنا الإحالات إلى منظمتك حالما يرسل أحد إحالة.
tray-empty-mine = لم تتولّ أي إحالة، ولا إحالة تنتظر أحداً. إحالات الفريق كله بجانب هذه.
tray-empty-sent = ستظهر هنا الإحالات التي ترسلها منظمتك حتى يعرف الجميع كيف انتهت.
tray-empty-overdue = لا شيء متأخر في هذه المنصة.
tray-pages = الصفحات
tray-next = التالي
tray-silent = لا جواب منذ { $moment }
tray-by = قبل { $moment }
tray-late-hours = { $hours ->
    [zero] متأخر
    [one] متأخر ساعة واحدة
    [two] متأخر ساعتين
    [few] متأخر { $hours } ساعات
    [many] متأخر { $hours } ساعة
   *[other] متأخر { $hours } ساعة
}
tray-late-days = { $days ->
    [zero] متأخر
    [one] متأخر يوماً واحداً
    [two] متأخر يومين
    [few] متأخر { $days } أيام
    [many] متأخر { $days } يوماً
   *[other] متأخر { $days } يوم
}
referral-from = من
referral-to = إلى
referral-urgency = خلال أي مدة
referral-state = أين وصل الأمر
referral-appointment = الموعد
referral-the-hub = المنصة
referral-envelope = ما تستطيع المنصة قراءته
referral-envelope-help = الرسالة مختومة لهاتين المنظمتين. تُفتح في هذه الصفحة بمفتاحك، أو عند بوابتيهما؛ وليس لدى العقدة مفتاح لها.
referral-happened = ما حدث
referral-late = متأخر
state-draft = مسودة
state-submitted = أُرسلت
state-delivered = سُلّمت
state-acknowledged = قرأها أحدهم
state-info-requested = طُرح سؤال
state-accepted = قُبلت
state-waitlisted = في قائمة الانتظار
state-scheduled = حُدد موعد
state-in-service = قيد الخدمة
state-on-hold = معلّقة
state-completed = اكتملت
state-declined = رُفضت
state-redirected = حُوّلت
state-cancelled = أُلغيت
state-withdrawn = سُحبت الموافقة
state-expired = انتهت بلا جواب
state-failed = غير ممكنة
state-transferred = سُلّمت إلى جهة أخرى
state-entered-in-error = أُرسلت خطأً
due-delivery = يستلمونها
due-acknowledge = يقرؤها أحدهم
due-decide = يجيبون
due-expiry = تنتهي بلا جواب
due-service = تبدأ الخدمة
due-progress = خبر عن سيرها
due-outcome = تُعرف النتيجة
due-answer = يُجاب عن السؤال
due-cancel-answer = يُجاب عن طلب الإلغاء
due-waitlist-review = تُؤكد قائمة الانتظار
due-resume = تُستأنف
due-loop-close = يعرف الجميع كيف انتهت
referral-instead = من يمكنه المساعدة بدلاً منهم
referral-instead-help = هم سمّوا هذه. لم يُرسل إليها شيء عن الشخص: اسألوه أولاً.
referral-no-room = قلتم لا لعدم وجود مكان
referral-no-room-help = إن لم يكن ممكناً استقبال أحد آخر أيضاً، فقولوا ذلك في الدليل كي لا يُرسل إليكم أحد سدى.
referral-no-room-say = القول إنه لا مكان
referral-after = التالية للرد عليها
referral-another = البحث عن خدمة أخرى
referral-another-help = يمكنك البحث عن خدمة أخرى من النوع نفسه. لا يقول البحث شيئاً عن الشخص: اسأله أولاً.
correction-title = يقول الشخص إن شيئاً غير صحيح
correction-help = قال ذلك برمزه، والعقدة لا تأخذ نصاً: اسأله عن الصحيح. صحّحه في ما لديك وعند من نقلته إليهم. كل منظمة تجيب عن نفسها، ويرى الشخص الجواب.
correction-waiting = أشخاص يقولون إن شيئاً غير صحيح
correction-since = قيل في { $moment }
correction-by = أجب قبل { $moment }
correction-late = بلا جواب، وكان موعده { $moment }
correction-answered = تمت الإجابة
correction-something = شيء عن الشخص
correction-kind-name = الاسم
correction-kind-birth = تاريخ الميلاد أو العمر
correction-kind-reach = كيفية الوصول إليه
correction-kind-health = الصحة
correction-kind-family = العائلة
correction-kind-need = ما يحتاج إليه
correction-kind-danger = شيء يعرّضه للخطر
correction-kind-other = شيء آخر
correction-answer = ما الذي جرى بذلك في منظمتك
correction-says-nothing = لا جواب بعد
correction-says-put-right = صُحّح
correction-says-not-reached = تعذّر الوصول إلى الشخص
correction-says-disputed = ليس خطأً: يبقى معلَّماً بأنه محل خلاف
correction-send = أرسل الجواب
note-title = رسائل مع الشخص
note-help = يقرأ الشخص ما تتركه، ويترك لك شيئاً، بالرمز والرقم السري اللذين أعطاهما المرسِل. ليس هناك غير هذه الجمل، وهي لا تسمّيكم ولا تسمّي المساعدة، وتستطيع العقدة قراءتها. من دون رمز لا يقرؤها أحد.
note-do-not-call = لا تتصل بالشخص
note-warning = في { $moment } قال الشخص إنه لا يجوز الاتصال برقمه: قد يعرّضه الاتصال للخطر. يبقى هذا هنا حتى يقول إن الاتصال به ممكن من جديد.
note-waiting = أشخاص تركوا رسالة
note-since = تُركت في { $moment }
note-theirs = من الشخص
note-ours = من منظمتك
note-read = قُرئت في { $moment }
note-unread = لم تُقرأ بعد
note-mark-read = ضع عليها علامة «مقروءة»
note-leave = اترك رسالة للشخص
note-which = ما الذي يجب أن يعرفه الشخص
note-day = اليوم الذي يأتي فيه
note-day-help = فقط إن كان عليه أن يأتي. يمكن تركه فارغاً.
note-send = اترك الرسالة
note-for-please-call = من فضلك اتصل بنا
note-for-please-come = من فضلك تعال
note-for-please-come-on = من فضلك تعال في { $day }
note-for-do-not-come = من فضلك لا تأتِ الآن
note-for-bring-papers = أحضر الوثائق التي طلبناها
note-for-not-reached = حاولنا الوصول إليك ولم نستطع
note-for-still-looking = يستغرق الأمر وقتاً أطول، ولم ننسك
note-for-nothing-to-do = كل شيء على ما يرام، لا شيء عليك فعله
note-for-number-changed = تغيّر رقم هاتفنا
note-from-want-to-talk = يريد أن يتحدث إلى أحد
note-from-call-me = يمكن الاتصال برقمه
note-from-do-not-call = لا تتصل برقمه
note-from-nobody-called = لم يتصل به أحد
note-from-will-come = سيأتي
note-from-cannot-come = لا يستطيع أن يأتي
note-from-have-moved = هو في مكان آخر الآن
note-from-am-well = هو بخير
