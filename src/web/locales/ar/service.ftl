service-back = العودة إلى البحث
service-open = تستقبل أشخاصاً
service-places = { $places ->
    [zero] لا أماكن
    [one] مكان واحد
    [two] مكانان
    [few] { $places } أماكن
    [many] { $places } مكاناً
   *[other] { $places } مكان
}
service-waitlist = قائمة انتظار
service-assessment = تستقبل بعد تقييم
service-full = ممتلئة
service-unknown = لم يُبلَّغ عن الأماكن
service-flagged = لم تطابق ما وجده الناس: تأكد أولاً
service-stale = لم يُتحقق منها منذ زمن: تأكد أولاً
service-due = حان وقت التحقق منها
service-proposed = ليست في القائمة بعد: القرار لمن يديرون الدليل
service-suspended = ليست في القائمة في الوقت الحاضر
service-archived = لم تعد في القائمة
service-reports-no = لا تبلّغ الشرطة ولا سلطات الهجرة
service-reports-unknown = لم يقل أحد هل تبلّغ الشرطة أو سلطات الهجرة
service-reports-yes = تبلّغ الشرطة أو سلطات الهجرة عن الأشخاص
service-fits = مناسبة.
service-fits-first = مناسبة، وله الأولوية.
service-ask = اسألهم:
service-does-not-fit = غير مناسبة:
service-call = اتصل
service-what = ما هي
service-who = لمن
service-takes = تستقبل
service-takes-unsaid = غير مذكور. اسألهم.
service-papers = الأوراق
service-costs = التكلفة
service-languages = اللغات
service-barriers = ما قد يعيق
service-where = متى وأين
service-hours = مفتوحة
service-place = المكان
service-no-address = العنوان غير معروض: يقولونه للشخص
service-no-place = لا مكان معروض: يقولونه للشخص
service-before = قبل الإحالة
service-refer = الإحالة
service-refer-how = عبر هذه المنصة، بالزر أعلاه: تُكتب الرسالة وتُختم في الصفحات التالية.
service-refer-own = هي لمؤسستك نفسها: لا يحيل أحد إلى نفسه.
service-refer-who = عبر هذه المنصة، من خلال أخصائيي الحالات لدى أعضاء آخرين.
service-refer-gateway = من بوابة
service-refer-gateway-help = حيث تختم مؤسستك الرسائل في بوابتها، يأخذ الأمر:
service-room = الأماكن الآن
service-holds-until = صالح حتى { $day }
service-answers = الرد: { $time }
service-for = لـ: { $who }
service-not-for = ليست لـ: { $who }
service-email = البريد الإلكتروني
service-site = المزيد عنها
service-checked = آخر تحقق
service-verified = { $day }
service-assured = { $day }، بحسب المصدر
service-never-verified = لم يتحقق أحد من هذه البيانات بعد. تأكد قبل إحالة أحد إليها.
service-wrong = هل من خطأ هنا؟
service-wrong-help = أخبر القائمين على الدليل. لا تقل شيئاً عن أي شخص.
service-report = أخبر بما وجدت
service-met = ما وجدت
service-met-closed = مغلقة
service-met-unreachable = لم يمكن الوصول إلى أحد
service-met-refused = ردّوا شخصاً يستقبلون مثله بحسب هذه البيانات
service-met-wrong-information = هناك شيء خاطئ هنا
service-met-reached = كانت كما هو مكتوب هنا
service-send-report = أرسل
service-reported = شكراً. يراه القائمون على الدليل.
channel-this-hub = عبر هذه المنصة
channel-email = بالبريد الإلكتروني
channel-telephone = بالهاتف
channel-other-system = عبر نظام آخر
channel-walk-in = بلا موعد
channel-outreach = هم يأتون
channel-inter-agency-form = باستمارة ما بين الوكالات
