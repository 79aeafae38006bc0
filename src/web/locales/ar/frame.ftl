frame-skip = انتقل إلى المحتوى
frame-main = الرئيسية
frame-more = صفحات أخرى
frame-between = ،{" "}
frame-language = اللغة
frame-sign-out = تسجيل الخروج
frame-release = الإصدار
frame-for-systems = لأنظمة أخرى
frame-error = خطأ:
frame-wrong = هناك شيء ناقص أو غير صحيح
frame-key = المفتاح
frame-key-open = المفتاح مفتوح
frame-find = بحث
frame-inbox = الوارد
frame-sent = الصادر
frame-cases = الحالات
frame-disclosures = الإفصاحات
frame-overdue = المتأخر
frame-moment = {"\u200F"}{ $day }، { $time } UTC
frame-day = {"\u200F"}{ $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }
role-case-worker = أخصائي حالات
role-intake = موظف استقبال
role-administrator = مدير
role-data-protection = حماية البيانات
role-coordinator = منسق
role-operator = مشغّل
frame-ends-own = ينتهي مفتاحك، أو مفتاح هذا الجهاز، في { $day }. اطلب من أحد أمناء مفاتيح منظمتك تجديده قبل ذلك.
frame-ends-own-over = انتهى مفتاحك، أو مفتاح هذا الجهاز، في { $day }. إلى أن يجدده أحد أمناء مفاتيح منظمتك لا يمكنك فتح الرسائل ولا التوقيع.
frame-ends-readers = تنتهي في { $day } مفاتيح تُختم لها الرسائل الموجهة إلى منظمتك. اطلب من أحد أمناء مفاتيح منظمتك تجديدها قبل ذلك.
frame-ends-readers-over = انتهت في { $day } مفاتيح تُختم لها الرسائل الموجهة إلى منظمتك. إلى أن يجددها أحد أمناء مفاتيح منظمتك لا يستطيع أحد الكتابة إليكم.
frame-ends-go = تجديد المفاتيح
frame-to-go = رسائل خُتمت على هذا الجهاز ولم تُرسل بعد: { $count }. تُرسل من تلقاء نفسها حالما يمكن الوصول إلى المنصة وتكون صفحة مفتوحة هنا.
frame-gone = رسائل كانت تنتظر على هذا الجهاز وأُرسلت الآن: { $count }.
offline-title = لا يمكن الوصول إلى المنصة
offline-help = لا توجد شبكة الآن، أو أن المنصة لا تجيب. لم يضع شيء على هذا الجهاز. إذا كان الأمر عاجلاً فاتصل.
offline-again = حاول مرة أخرى
offline-drafts = ما بدأت بكتابته محفوظ على هذا الجهاز. يُعرض عليك حين تفتح صفحته مرة أخرى ويمكن الوصول إلى المنصة.
