contacts-title = جهات اتصال المناوبة
contacts-lead = من يتصل به الأعضاء الآخرون بشأن إحالة، ومن يجيب عندما تكون عاجلة. لا يرى هذا إلا من سجّل الدخول، ولا يرد في أي قائمة عامة.
contacts-beside = اذكر من يتصل به الأعضاء الآخرون عندما يكون الأمر عاجلاً أو لا يجيب أحد.
contacts-new = إضافة جهة اتصال
contacts-change = تغيير جهة الاتصال
contacts-who-keeps = يغيّر المديرون وموظفو الاستقبال ما يرد هنا.
contacts-empty = لا توجد جهة اتصال بعد
contacts-empty-help = أضف من يتصل به الآخرون عندما تكون إحالة عاجلة أو تنتظر جواباً. لا يمكن لخدمة أن تقول إنها تقبل إحالات عاجلة إلا ما دام هناك من يناوب.
contacts-done-added = أُضيفت جهة الاتصال. يراها الأعضاء الآخرون من الآن.
contacts-done-changed = تغيّرت جهة الاتصال.
contacts-done-removed = أُزيلت جهة الاتصال. لا يُحفظ منها شيء.
contacts-done-sent = أُرسلت هذه الاستمارة من قبل، وتُحسب مرة واحدة.
contacts-whom = بمن تتصل
contacts-waiting-help = لم يجب أحد بعد، أو تأخّر شيء ما. سمِّ الإحالة بالرمز { $short }، ولا تقل شيئاً عن الشخص حتى تعرف من يسمعك.
contacts-by-voice = اتصل بالرقم
contacts-by-sms = رسالة قصيرة إلى
contacts-by-messaging = تطبيق مراسلة
contacts-on-call = مناوب
contacts-day-and-night = ليلاً ونهاراً
contacts-focal-point = جهة تنسيق
contacts-speaks = اللغات: { $languages }
contacts-until = حتى { $day }
contacts-whole = المنظمة كلها
contacts-form-lead = لا تذكر أسماء إلا لأشخاص وافقوا على ورودها هنا. تختفي جهة الاتصال من تلقاء نفسها بعد يومها الأخير.
contacts-field-label = عمّن يُسأل
contacts-help-label = وظيفة، مثل «موظف الحماية المناوب». دون اسم.
contacts-label-wrong = اكتب عمّن يُسأل، في 80 حرفاً على الأكثر
contacts-field-telephone = الرقم
contacts-help-telephone = مع رمز البلد، مثل ‎+260 211 000 000‎. لا رقم خاص.
contacts-telephone-wrong = اكتب رقماً من 3 إلى 15 خانة
contacts-channel = كيف يُستعمل الرقم
contacts-channel-voice = مكالمات
contacts-channel-sms = رسائل قصيرة
contacts-channel-messaging = تطبيق مراسلة
contacts-channel-wrong = اختر كيف يُستعمل الرقم
contacts-what = ما ينطبق
contacts-tick-on-call = مناوب: يجيب عندما تكون إحالة عاجلة
contacts-tick-day-and-night = هناك من يجيب ليلاً ونهاراً
contacts-tick-focal-point = جهة تنسيق: يتوجه إليها الآخرون أولاً بشأن الإحالات
contacts-service = لأي خدمة
contacts-service-help = حيث يبقى مكان الخدمة سراً، لا تظهر جهات الاتصال الخاصة بها إلا لمنظمتك ولمن يديرون الدليل. أما جهة اتصال المنظمة كلها فتظهر لجميع الأعضاء.
contacts-service-wrong = اختر إحدى خدمات منظمتك أو المنظمة كلها
contacts-field-name = اسم الشخص
contacts-help-name = اتركه فارغاً إلا إذا وافق الشخص على أن يقرأه الأعضاء.
contacts-name-wrong = اكتب سطراً واحداً من 120 حرفاً على الأكثر، أو لا شيء
contacts-field-role = ما يقوم به أو يقرره
contacts-help-role = مثل «يقرر القبول ليلاً». اتركه فارغاً إذا كان السطر الأول يقوله.
contacts-role-wrong = اكتب سطراً واحداً من 160 حرفاً على الأكثر، أو لا شيء
contacts-field-languages = اللغات
contacts-help-languages = برموزها وبينها فراغات، مثل en fr sw؛ ثمانٍ على الأكثر.
contacts-languages-wrong = اكتب رموز لغات مثل en fr sw، ثمانياً على الأكثر، أو لا شيء
contacts-field-until = تسري حتى نهاية يوم
contacts-help-until = سنتان على الأكثر من اليوم؛ وسنة إذا تركته فارغاً. وقبل شهر من ذلك يذكّرك إشعار.
contacts-until-wrong = اختر يوماً ابتداءً من اليوم، خلال سنتين على الأكثر، أو لا شيء
contacts-too-many = { $most ->
    [zero] لا يمكن إضافة جهات اتصال.
    [one] توجد جهة اتصال واحدة بالفعل، ولا يمكن إضافة المزيد. أزلها إن لم تعد هناك حاجة إليها.
    [two] توجد جهتا اتصال بالفعل، ولا يمكن إضافة المزيد. أزل واحدة لم تعد هناك حاجة إليها.
    [few] توجد { $most } جهات اتصال بالفعل، ولا يمكن إضافة المزيد. أزل واحدة لم تعد هناك حاجة إليها.
    [many] توجد { $most } جهة اتصال بالفعل، ولا يمكن إضافة المزيد. أزل واحدة لم تعد هناك حاجة إليها.
   *[other] توجد { $most } جهة اتصال بالفعل، ولا يمكن إضافة المزيد. أزل واحدة لم تعد هناك حاجة إليها.
}
contacts-button = احفظ
contacts-remove = إزالة جهة الاتصال
contacts-remove-help = لا يراها الأعضاء الآخرون بعد ذلك. ولا يُحفظ منها شيء.
contacts-remove-button = أزلها
contacts-stale = غيّر شخص آخر جهة الاتصال هذه في هذه الأثناء
contacts-stale-help = ما كتبته ما زال في الاستمارة. أرسله مرة أخرى إذا كان ما زال صحيحاً. تقول جهة الاتصال الآن:
